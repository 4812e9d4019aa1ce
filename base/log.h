/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One line per event on stderr, with systemd's "<N>" level prefix when stderr is the journal
 * (sd-daemon(3)) and "vfpool: " in front otherwise.  The log level is the program's only global
 * state.
 */
#pragma once

enum vfp_log_level { VFP_LOG_ERR = 3, VFP_LOG_WARN = 4, VFP_LOG_INFO = 6, VFP_LOG_DEBUG = 7 };

/* Lines above @level are dropped; VFP_LOG_INFO at the start of a program. */
void vfp_log_set_level(enum vfp_log_level level);

/* The message names the domain and the VF where there are any, and has no newline. */
void vfp_log(enum vfp_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
