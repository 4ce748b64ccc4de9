// Judge verifies a mirrored log with none of Concert's code: the Go project's own sumdb/note and
// sumdb/tlog (Debian: golang-golang-x-mod-dev) check signatures, tiles and proofs.
//
//	judge [-key VKEY]... [-cosigner VKEY]... [-old FILE]... [-hashes-only] [-flip N] DIR
//
// Every key that is named must have signed the checkpoint; every file below tile/ must be what the
// checkpoint's tree has in its place; every entry (of large logs a sample) is proven to be
// included, and every older checkpoint to be consistent. With -flip the log is then spoilt N times,
// in one byte each time (-1: in each byte once), and must be refused each time.
//
// Exit status 0: all of it holds; 1: something does not, which is said; 2: usage.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height  = 8
	width   = 1 << height
	sampled = 200 // entries of a large log that are proven to be included
	small   = 2000
)

// --- Cosignatures -------------------------------------------------------------------------------

// A cosigner verifies cosignature/v1 (c2sp.org/tlog-cosignature), which package note does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

func (c *cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return ed25519.Verify(c.key, []byte(message), signature[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("%s: not a verifier key", vkey)
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil || len(parts[1]) != 8 {
		return nil, fmt.Errorf("%s: no key id", vkey)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, fmt.Errorf("%s: not a key for cosignature/v1", vkey)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if binary.BigEndian.Uint32(sum[:]) != uint32(hash) {
		return nil, fmt.Errorf("%s: its id is not that of the key", vkey)
	}
	return &cosigner{parts[0], uint32(hash), ed25519.PublicKey(key[1:])}, nil
}

// --- Checkpoints --------------------------------------------------------------------------------

type checkpoint struct {
	origin string
	tree   tlog.Tree
}

func parseCheckpoint(text string) (checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 || lines[0] == "" {
		return checkpoint{}, fmt.Errorf("not a checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return checkpoint{}, fmt.Errorf("not a checkpoint: size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return checkpoint{}, fmt.Errorf("not a checkpoint: root")
	}
	c := checkpoint{lines[0], tlog.Tree{N: size}}
	copy(c.tree.Hash[:], root)
	return c, nil
}

// openCheckpoint demands a signature of each key.
func openCheckpoint(data []byte, keys []note.Verifier) (checkpoint, error) {
	opened, err := note.Open(data, note.VerifierList(keys...))
	if err != nil {
		return checkpoint{}, err
	}
	for _, key := range keys {
		signed := false
		for _, s := range opened.Sigs {
			signed = signed || s.Name == key.Name() && s.Hash == key.KeyHash()
		}
		if !signed {
			return checkpoint{}, fmt.Errorf("%s has not signed", key.Name())
		}
	}
	for _, s := range opened.Sigs {
		// Package note passes over bits that base64 leaves unused.
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return checkpoint{}, fmt.Errorf("signature of %s: %v", s.Name, err)
		}
	}
	return parseCheckpoint(opened.Text)
}

// --- Files --------------------------------------------------------------------------------------

// files are those of the mirror, by their paths in it.
type files map[string][]byte

func readFiles(root string) (files, error) {
	all := files{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if name == "checkpoint" || strings.HasPrefix(name, "tile/") {
			all[name], err = os.ReadFile(path)
		}
		return err
	})
	return all, err
}

// tilePath is Tile.Path without the height, as c2sp.org/tlog-tiles has it.
func tilePath(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	if rest := strings.TrimPrefix(path, "data/"); rest != path {
		path = "entries/" + rest
	}
	return "tile/" + path
}

func parseTilePath(path string) (tlog.Tile, error) {
	rest := strings.TrimPrefix(path, "tile/")
	if entries := strings.TrimPrefix(rest, "entries/"); entries != rest {
		rest = "data/" + entries
	}
	return tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", height, rest))
}

// tileWidth is how wide a tile is in a tree of that size; 0: it is not there.
func tileWidth(level int, n, size int64) int {
	if level < 0 {
		level = 0
	}
	nodes := size
	for i := 0; i < level; i++ {
		nodes >>= height
	}
	switch left := nodes - n*width; {
	case left <= 0:
		return 0
	case left < width:
		return int(left)
	}
	return width
}

// read gives a tile, which may have grown since.
func (f files) read(tile tlog.Tile) ([]byte, error) {
	if data, ok := f[tilePath(tile)]; ok {
		return data, nil
	}
	full := tile
	full.W = width
	if data := f[tilePath(full)]; tile.L >= 0 && len(data) == width*tlog.HashSize {
		return data[:tile.W*tlog.HashSize], nil
	}
	return nil, fmt.Errorf("%s: missing", tilePath(tile))
}

func (f files) Height() int                         { return height }
func (f files) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := f.read(tile)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func splitBundle(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("ends within entry %d", len(entries))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	return entries, nil
}

// --- The verdict --------------------------------------------------------------------------------

type judge struct {
	keys       []note.Verifier
	old        map[string][]byte
	hashesOnly bool
}

// judgeTile checks one file against the tree, whose hashes come proven out of reader.
func (j *judge) judgeTile(path string, data []byte, tree tlog.Tree, reader tlog.HashReader) error {
	tile, err := parseTilePath(path)
	if err != nil {
		return err
	}
	if tile.W > tileWidth(tile.L, tile.N, tree.N) {
		return nil // of a larger tree than this
	}
	hashes := tile
	if tile.L < 0 {
		if j.hashesOnly {
			return nil
		}
		hashes.L = 0
	}
	expected, err := tlog.ReadTileData(hashes, reader)
	if err != nil {
		return err
	}
	if tile.L >= 0 {
		if !bytes.Equal(data, expected) {
			return fmt.Errorf("not what the tree has there")
		}
		return nil
	}
	entries, err := splitBundle(data)
	if err != nil {
		return err
	}
	if len(entries) != tile.W {
		return fmt.Errorf("%d entries instead of %d", len(entries), tile.W)
	}
	for i, entry := range entries {
		hash := tlog.RecordHash(entry)
		if !bytes.Equal(hash[:], expected[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			return fmt.Errorf("entry %d is not that of the tree", tile.N*width+int64(i))
		}
	}
	return nil
}

// complete says whether every tile of the tree is there.
func (j *judge) complete(all files, tree tlog.Tree) error {
	for level, nodes := 0, tree.N; nodes > 0; level, nodes = level+1, nodes>>height {
		for n := int64(0); n*width < nodes; n++ {
			tile := tlog.Tile{H: height, L: level, N: n, W: tileWidth(level, n, tree.N)}
			if _, err := all.read(tile); err != nil {
				return err
			}
			tile.L = -1
			if level > 0 || j.hashesOnly {
				continue
			}
			if _, ok := all[tilePath(tile)]; ok {
				continue
			}
			tile.W = width
			if _, ok := all[tilePath(tile)]; !ok {
				return fmt.Errorf("%s: missing", tilePath(tile))
			}
		}
	}
	return nil
}

func leafHash(reader tlog.HashReader, n int64) (tlog.Hash, error) {
	hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, n)})
	if err != nil {
		return tlog.Hash{}, err
	}
	return hashes[0], nil
}

// included proves entries to be in the tree.
func (j *judge) included(tree tlog.Tree, reader tlog.HashReader) error {
	step := int64(1)
	if tree.N > small {
		step = tree.N / sampled
	}
	for n := int64(0); n < tree.N; n += step {
		if step > 1 && n+step >= tree.N {
			n = tree.N - 1
		}
		hash, err := leafHash(reader, n)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, hash); err != nil {
			return fmt.Errorf("entry %d: %v", n, err)
		}
	}
	return nil
}

// consistent proves an older checkpoint to be of the same log.
func (j *judge) consistent(data []byte, now checkpoint, reader tlog.HashReader) error {
	old, err := openCheckpoint(data, j.keys[:1])
	if err != nil {
		return err
	}
	if old.origin != now.origin {
		return fmt.Errorf("of another log, %s", old.origin)
	}
	if old.tree.N == 0 {
		if old.tree.Hash != tlog.Hash(sha256.Sum256(nil)) {
			return fmt.Errorf("not the root of an empty tree")
		}
		return nil
	}
	proof, err := tlog.ProveTree(now.tree.N, old.tree.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, now.tree.N, now.tree.Hash, old.tree.N, old.tree.Hash)
}

func (j *judge) verify(all files) (checkpoint, error) {
	data, ok := all["checkpoint"]
	if !ok {
		return checkpoint{}, fmt.Errorf("checkpoint: missing")
	}
	now, err := openCheckpoint(data, j.keys)
	if err != nil {
		return now, fmt.Errorf("checkpoint: %v", err)
	}
	if now.tree.N == 0 {
		if now.tree.Hash != tlog.Hash(sha256.Sum256(nil)) {
			return now, fmt.Errorf("checkpoint: not the root of an empty tree")
		}
		return now, nil
	}
	if err := j.complete(all, now.tree); err != nil {
		return now, err
	}
	reader := tlog.TileHashReader(now.tree, all)
	for path, data := range all {
		if path == "checkpoint" {
			continue
		}
		if err := j.judgeTile(path, data, now.tree, reader); err != nil {
			return now, fmt.Errorf("%s: %v", path, err)
		}
	}
	if err := j.included(now.tree, reader); err != nil {
		return now, err
	}
	for name, data := range j.old {
		if err := j.consistent(data, now, reader); err != nil {
			return now, fmt.Errorf("%s: %v", name, err)
		}
	}
	return now, nil
}

// spoil flips bits of count bytes, evenly spread over all files (-1: of each byte), one at a time.
func (j *judge) spoil(all files, count int) error {
	total, at := 0, 0
	for _, data := range all {
		total += len(data)
	}
	step := 1
	if count > 0 && total > count {
		step = total / count
	}
	for path, data := range all {
		for i := range data {
			if at++; at%step != 0 {
				continue
			}
			flip := byte(1) << (at / step % 8)
			data[i] ^= flip
			_, err := j.verify(all)
			data[i] ^= flip
			if err == nil {
				return fmt.Errorf("%s: accepted with byte %d spoilt", path, i)
			}
		}
	}
	return nil
}

// --- The command --------------------------------------------------------------------------------

type list []string

func (l *list) String() string         { return strings.Join(*l, " ") }
func (l *list) Set(value string) error { *l = append(*l, value); return nil }

func fail(status int, what interface{}) {
	fmt.Fprintln(os.Stderr, "judge:", what)
	os.Exit(status)
}

func main() {
	var keys, cosigners, old list
	j := judge{old: map[string][]byte{}}
	flag.Var(&keys, "key", "verifier key that has signed the checkpoint")
	flag.Var(&cosigners, "cosigner", "verifier key that has cosigned the checkpoint")
	flag.Var(&old, "old", "older checkpoint of the log, signed by the first key")
	flag.BoolVar(&j.hashesOnly, "hashes-only", false, "leave out the entries")
	flips := flag.Int("flip", 0, "spoil so many bytes; -1: each")
	flag.Parse()
	if flag.NArg() != 1 || len(keys)+len(cosigners) == 0 {
		flag.Usage()
		os.Exit(2)
	}
	for _, vkey := range keys {
		key, err := note.NewVerifier(vkey)
		if err != nil {
			fail(2, err)
		}
		j.keys = append(j.keys, key)
	}
	for _, vkey := range cosigners {
		key, err := newCosigner(vkey)
		if err != nil {
			fail(2, err)
		}
		j.keys = append(j.keys, key)
	}
	for _, path := range old {
		data, err := os.ReadFile(path)
		if err != nil {
			fail(2, err)
		}
		j.old[path] = data
	}
	all, err := readFiles(flag.Arg(0))
	if err != nil {
		fail(2, err)
	}
	now, err := j.verify(all)
	if err != nil {
		fail(1, err)
	}
	if *flips != 0 {
		if err := j.spoil(all, *flips); err != nil {
			fail(1, err)
		}
	}
	fmt.Printf("%s: %d entries, root %s\n", now.origin, now.tree.N, now.tree.Hash)
}
