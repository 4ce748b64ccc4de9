/* cmd_request.h - what is special about `concert request`. */
#pragma once

#include "cli/command.h"

extern const Command cmd_request_profiles;
