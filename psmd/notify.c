/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* notify.c - by libsystemd, where there is one. */

#include "psmd/notify.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>

int
notify_sockets(int *ret_first)
{
	*ret_first = SD_LISTEN_FDS_START;
	return sd_listen_fds(0);
}

void
notify_send(const char *state)
{
	(void)sd_notify(0, state); /* nobody is there to be told of that */
}

unsigned
notify_watchdog_ms(void)
{
	uint64_t usec = 0;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return 0;
	return usec / 1000 < UINT32_MAX ? (unsigned)(usec / 1000) : UINT32_MAX;
}

#else

int
notify_sockets(int *ret_first)
{
	*ret_first = -1;
	return 0;
}

void
notify_send(const char *state)
{
	(void)state;
}

unsigned
notify_watchdog_ms(void)
{
	return 0;
}

#endif

void
notify_ready(const char *status)
{
	char state[1024];

	snprintf(state, sizeof state, "READY=1\nSTATUS=%s", status);
	notify_send(state);
}

void
notify_reloading(void)
{
	char state[128];
	struct timespec now = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
	         (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_send(state);
}
