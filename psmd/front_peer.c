/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* front_peer.c - who is at the other end of a descriptor of the HTTP server's.
 *
 * The HTTP server asks only for descriptors it has open. The newest connection
 * that was given a number is the right one then: the number was free when it
 * was made. So an entry may outlive its connection here (the HTTP server may
 * still be at work for it), and goes when the HTTP server closes its end or the
 * number is used again. */

#include <stdlib.h>
#include <string.h>

#include "psmd/front_int.h"

struct held_peer {
	struct peer peer; /* first */
	unsigned char *cert;
	atomic_uint refs;
};

struct peers {
	pthread_mutex_t lock;
	struct held_peer **by_fd;
	size_t size;
};

struct peers *
peers_new(void)
{
	struct peers *peers = calloc(1, sizeof *peers);

	if (peers != NULL)
		pthread_mutex_init(&peers->lock, NULL);
	return peers;
}

void
peers_free(struct peers *peers)
{
	if (peers == NULL)
		return;
	for (size_t i = 0; i < peers->size; i++)
		peer_release(peers->by_fd[i]);
	pthread_mutex_destroy(&peers->lock);
	free(peers->by_fd);
	free(peers);
}

static bool
read_tls(struct held_peer *held, const struct tls_conn *tls)
{
	struct peer *peer = &held->peer;

	peer->tls = true;
	strncat(peer->tls_version, tls_version(tls),
	        sizeof peer->tls_version - 1);
	if (!tls_client_cert(tls, &held->cert, &peer->cert_len))
		return false;
	peer->cert = held->cert;
	return true;
}

struct held_peer *
peer_new(const char *address, const struct tls_conn *tls)
{
	struct held_peer *held = calloc(1, sizeof *held);

	if (held == NULL)
		return NULL;
	atomic_init(&held->refs, 1);
	strncat(held->peer.address, address, sizeof held->peer.address - 1);
	if (tls != NULL && !read_tls(held, tls)) {
		free(held);
		return NULL;
	}
	return held;
}

void
peer_release(struct held_peer *peer)
{
	if (peer == NULL || atomic_fetch_sub(&peer->refs, 1) > 1)
		return;
	free(peer->cert);
	free(peer);
}

static bool
grow(struct peers *peers, size_t size)
{
	struct held_peer **more;

	if (size <= peers->size)
		return true;
	size += size / 2;
	more = realloc(peers->by_fd, size * sizeof *more);
	if (more == NULL)
		return false;
	memset(more + peers->size, 0, (size - peers->size) * sizeof *more);
	peers->by_fd = more;
	peers->size = size;
	return true;
}

bool
peers_put(struct peers *peers, int fd, struct held_peer *peer)
{
	struct held_peer *before = NULL;
	bool good;

	pthread_mutex_lock(&peers->lock);
	good = grow(peers, (size_t)fd + 1);
	if (good) {
		before = peers->by_fd[fd];
		atomic_fetch_add(&peer->refs, 1);
		peers->by_fd[fd] = peer;
	}
	pthread_mutex_unlock(&peers->lock);
	peer_release(before);
	return good;
}

void
peers_remove(struct peers *peers, int fd, const struct held_peer *peer)
{
	struct held_peer *gone = NULL;

	pthread_mutex_lock(&peers->lock);
	if ((size_t)fd < peers->size && peers->by_fd[fd] == peer) {
		gone = peers->by_fd[fd];
		peers->by_fd[fd] = NULL;
	}
	pthread_mutex_unlock(&peers->lock);
	peer_release(gone);
}

const struct peer *
front_peer_hold(struct front *front, int fd)
{
	struct peers *peers = front->peers;
	struct held_peer *held = NULL;

	pthread_mutex_lock(&peers->lock);
	if (fd >= 0 && (size_t)fd < peers->size)
		held = peers->by_fd[fd];
	if (held != NULL)
		atomic_fetch_add(&held->refs, 1);
	pthread_mutex_unlock(&peers->lock);
	return held != NULL ? &held->peer : NULL;
}

void
front_peer_release(struct front *front, const struct peer *peer)
{
	(void)front;
	peer_release((struct held_peer *)(uintptr_t)peer);
}
