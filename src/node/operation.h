/* operation.h - the table of writing operations that commands and consoles ask of the writer.
 *
 * An operation has a name, takes a JSON object and gives one. Most run on the writer's thread
 * inside the batch's transaction; those of the ledger and its keys, which touch files too, on the
 * caller's. Either way it does not matter whether they came from this process or over the control
 * socket.
 *
 *   account.add       {name, source?, roles: [..], password_hash?}
 *   account.disable   {name, disabled: bool}
 *   account.password  {name, password_hash}
 *   account.roles     {name, roles: [..]}
 *   token.add         {account, label, sha256 (hex), expires (us, 0 never)} -> {number}
 *   token.remove      {account, number}
 *   root.add          {name, title, description?}
 *   collection.add    {root?, id?, name, title?, description?} -> {number, id}
 *   collection.grant  {collection (name or id), account, read: bool, write: bool}
 *   object.adopt      {id, sha256 (hex)}
 *   follow.add        {name, kind, url, remote?, collection, source, level, every, auth, user?,
 *                     since, reading?}: store/followed.h
 *   follow.remove     {name}
 *   follow.pause      {name, paused: bool}
 *   follow.mark       {number, marks: [[part, mark or null], ..]}
 *   follow.finish     {number, started, finished, due, more: bool, failure?, remark?, accepted, ..}
 *   ledger.open       {name, recovery_path, passphrase?}
 *   ledger.append     {title, public: bool, audience?: [origin], items: [{type, bytes (base64)}]}
 *                     -> {index}
 *   ledger.erase      {index, items?: [place]} -> {index (of the entry that says so)}
 *   ledger.resume     {from?, token?, recovery_path?, nothing_was_signed: bool} -> {released,
 * origin, size, regained, openings, archive?, stated, witnesses: [{name, answer, size?, failure?}],
 * obstacle?} key.export        {passphrase?, ledger (vkey), cosign (vkey)} -> {text (sealed)}
 *   key.rotate        {role} -> {index}
 *   key.recover       {role, recovery_path, trusted_size?} -> {index}
 *   key.seal          {passphrase?}
 *   key.unlock        {passphrase}
 *   dispatch.send     {title, tlp?, pap?, public?: bool, to?: [peer], community?, purpose?,
 *                      exercise?: bool, expires? (us), ids?: [id], select?: {collection?, type?,
 *                      source?, modified_after? (us)}, check?: bool (commits nothing)}
 *                     -> {entries: [index], objects, audience: [origin], tlp}
 *   dispatch.grant    {of, to: [peer]} -> {index}
 *   dispatch.retract  {of, recall: bool, places?: [place], reason} -> {index}
 *   dispatch.hold     {ledger? (of the peer; else an own one), of, reason} -> {}
 *   dispatch.release  {ledger?, of} -> {}
 *   exchange.follow   {peer} -> {answers, openings, dispatches, stored, known, refused, bytes}
 *   dossier.event     {dossier (or the beginning of its id) or procedure, type, signatory,
 *                     payload?: {..}, tlp?, pap?, exercise?: bool (of a new one)} ->
 *                     {dossier, event (hex), index, state, told: [node], untold: [node]}
 *   attachment.keep   {sha256 (hex), size, place, bytes (base64), malicious: bool}
 *   attachment.check  {sha256 (hex)} -> {state}
 *   evidence.sign     {body: {..} (what the end of an evidence bundle says)} -> {text (signed)}
 *   dossier.rebuild   {} -> {dossiers}
 *   statement.sign    {type: "report" or "conventions", body: {node, ..}} -> {text}
 *   dossier.reminded  {dossier, given: [[clock, started (us), count, mailed], ..],
 *                     mails?: [[address, message id, text], ..], next? (us)}
 *   dossier.assign    {dossier (its whole id), assignee?}
 *   dossier.jot       {dossier, author, text}
 *   consumer.add      {name, formats: [..], sha256 (hex), expires (us, 0 never)}
 *   consumer.remove   {name}
 *   contact.put       {source?, contacts?: [{email or node, name?, language?, openpgp?,
 *                     smime? (DER in base64), force?, ip?: [..], as?: [..], domains?: [..]}],
 *                     routes?: [[prefix, as]]}: store/contacts.h
 *   contact.remove    {key or source}
 *   contact.stop      {stop: "opt-out" or "hold", value, reason?, by, until (us, 0: for good)}
 *   contact.release   {stop, value}
 *   notice.send       {dossiers: [id or its beginning], signatory} -> {notices: [{dossier, state,
 *                     index, by: "node" or "mail"} or {dossier, failure}]}
 *   notice.remind     {dossiers, signatory, text?} -> likewise
 *   collection.reach  {collection (name or id), reach?}
 *   witness.add       {vkey, url}
 *   witness.remove    {name}
 *   witness.watch     {vkey, origin?}
 *   witness.unwatch   {origin}
 *   witness.settle    {origin, keep: "first", "second" or "drop"}
 *   message.send      {kind: "emergency" or "note", peer, text, exercise: bool, reply_to?} ->
 *                     {id, to}
 *   message.acknowledge {id, by?, text?} -> {id, to, sent: bool}
 *   message.remove    {kind, id}
 *   parcel.write      {peer, from?, size?} -> {file (the caller's, in the node's directory), peer,
 *                     key, bytes, from, end, size, answers, openings}
 *   parcel.read       {parcel (id)} -> {peer?, answers, known_answers, unknown_records, openings,
 *                     dispatches, events, retractions, receipts, stored, known, refused, end, size,
 *                     time}
 *   card.publish      {force: bool} -> {published}
 *   peer.invite       {card (signed JSON), replace: bool} -> {peer, state, text (the step, signed),
 *                     delivered, failure?}
 *   peer.accept, peer.suspend, peer.resume, peer.end   {peer, reason?} -> likewise
 *   peer.hear         {text (a step, signed)} -> {peer?, state?, changed}
 *   peer.compared     {peer, compared: bool}
 *   peer.succeed      {peer, where?, check: bool (only looks)} -> {peer, origin, previous, size,
 *                     seen, held}
 *   community.create  {name, title, rulebook? (text), votes: bool (of this node)} -> {community}
 *   community.rules   {community, rulebook (text)} -> {community}
 *   community.add     {community, peer, votes: bool} -> {community}
 *   community.remove  {community, peer, reason?} -> {community}
 *   community.leave   {community} -> {community}
 *   release.propose   {file (in the node's directory), base (in force), by, selection?,
 *                     over_limit? (why)} -> {release, dangerous}
 *   release.approve   {release, by} -> {in_force: bool, dangerous}
 *   release.rollback  {release? (0: nothing blocks), by} -> {release}
 *   never-block.add, never-block.remove   {value, by, reason?} -> {value}
 *   standing.add      {source, kind?, min_confidence, daily, until (us), by} -> {standing}
 *   standing.remove, standing.resume      {standing, by}
 *   node.status       {} -> {pid, started, listening, requests, ...} of the writing process */
#pragma once

#include "node/notary.h"
#include "store/store.h"
#include "store/writer.h"

/* Runs @operation with the JSON object @params on @writer and waits until it is durable.
 * *ret_result (may be NULL) is the JSON object's text. */
gboolean operation_run(Writer *writer, Notary *notary, const char *operation, const char *params,
                       gsize length, char **ret_result, GError **error);
