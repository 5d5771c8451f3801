/*
 * Where the web process finds what the keeper gives it: see run.c.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

enum { WEB_LISTEN_FD = 3, WEB_PUSH_FD = 4, WEB_CHANNEL_FD = 5 };

#endif
