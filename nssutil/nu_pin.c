/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_pin.c - the one password callback: who is asked, and what was answered. */

#include "nssutil/nu_pin.h"

#include <string.h>

#include <secport.h>

void
nu_pin_reset(struct nu_pin *pin)
{
	pin->attempts = 0;
	pin->last = NU_PIN_NONE;
}

char *
nu_pin_callback(PK11SlotInfo *slot, PRBool retry, void *wincx)
{
	struct nu_pin *pin = wincx;
	char buf[NU_PIN_SIZE] = "";
	char *password = NULL;

	(void)retry; /* attempts counts better: NSS starts over per call */
	if (pin == NULL || pin->ask == NULL)
		return NULL;
	if (pin->attempts >= NU_PIN_ATTEMPTS) {
		pin->last = NU_PIN_NONE;
		return NULL;
	}
	pin->last = pin->ask(pin->arg, PK11_GetTokenName(slot), pin->attempts++,
	                     buf, sizeof buf);
	if (pin->last == NU_PIN_GIVEN) {
		buf[sizeof buf - 1] = '\0';
		password = PORT_Strdup(buf); /* NSS wipes and frees it */
	}
	explicit_bzero(buf, sizeof buf);
	return password;
}
