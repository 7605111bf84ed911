/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_pin.h - the one password callback: who is asked, and what was answered. */

#ifndef NU_PIN_H
#define NU_PIN_H

#include <pk11pub.h>

enum nu_pin_answer { NU_PIN_GIVEN, NU_PIN_CANCELLED, NU_PIN_NONE };

/* Handed to NSS as wincx. NSS does not pass on why there was no password, so
 * it is remembered here. */
struct nu_pin {
	/* Put a NUL-terminated password into buf. */
	enum nu_pin_answer (*ask)(void *arg, const char *token,
	                          unsigned attempt, char *buf, size_t size);
	void *arg;
	unsigned attempts;       /* since nu_pin_reset() */
	enum nu_pin_answer last;
};

enum { NU_PIN_ATTEMPTS = 3, NU_PIN_SIZE = 512 };

/* For PK11_SetPasswordFunc(); wincx is a struct nu_pin or NULL. */
char *nu_pin_callback(PK11SlotInfo *slot, PRBool retry, void *wincx);
void nu_pin_reset(struct nu_pin *pin);

#endif
