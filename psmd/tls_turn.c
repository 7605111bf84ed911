/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* tls_turn.c - a layer between TLS and the socket that ends a turn. */

#include <prerror.h>
#include <prinit.h>

#include "psmd/tls_int.h"

enum { READS = 16 }; /* eight records: a head and a body each */

static struct {
	PRCallOnceType once;
	PRDescIdentity id;
	PRIOMethods methods;
} layer;

static PRInt32
read_some(PRFileDesc *fd, void *buf, PRInt32 size, PRIntn flags,
          PRIntervalTime timeout)
{
	struct turn *turn = (struct turn *)fd->secret;

	if (turn->left == 0) {
		turn->is_over = true;
		PR_SetError(PR_WOULD_BLOCK_ERROR, 0);
		return -1;
	}
	turn->left--;
	return fd->lower->methods->recv(fd->lower, buf, size, flags, timeout);
}

static PRStatus
make_layer(void)
{
	layer.id = PR_GetUniqueIdentity("turn");
	layer.methods = *PR_GetDefaultIOMethods();
	layer.methods.recv = read_some;
	return layer.id != PR_INVALID_IO_LAYER ? PR_SUCCESS : PR_FAILURE;
}

bool
turn_push(PRFileDesc *fd, struct turn *turn)
{
	PRFileDesc *top = NULL;

	if (PR_CallOnce(&layer.once, make_layer) == PR_SUCCESS)
		top = PR_CreateIOLayerStub(layer.id, &layer.methods);
	if (top == NULL)
		return false;
	top->secret = (PRFilePrivate *)turn;
	if (PR_PushIOLayer(fd, PR_TOP_IO_LAYER, top) == PR_SUCCESS)
		return true;
	top->dtor(top);
	return false;
}

void
turn_begin(struct turn *turn)
{
	*turn = (struct turn){ .left = READS };
}
