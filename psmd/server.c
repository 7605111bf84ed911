/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* server.c - the configuration of the running daemon. */

#include "psmd/server.h"

const struct config *
server_config(const struct server *server)
{
	return __atomic_load_n(&server->config, __ATOMIC_ACQUIRE);
}

struct issuing
server_issuing(const struct server *server)
{
	return (struct issuing){ server_config(server), server->records,
		                 server->engine, server->issuer };
}
