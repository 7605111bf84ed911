/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* page.h - the files of the certificate manager's page, compiled in. */

#ifndef PSMD_PAGE_H
#define PSMD_PAGE_H

#include "psmd/request.h"

/* GET and HEAD of "/", "/page/app.js", "/page/style.css" and so on; strict
 * Content-Security-Policy, ETag and 304. */
void page_handler(const struct request *request, struct reply *reply);

#endif
