/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* index.d.ts - the types of psm-crypto, and what its calls do. */

export type KeyType = 'rsa' | 'ec' | 'dsa' | 'other';

/** A Buffer; to a program without Node's types, the Uint8Array that it is. */
export type Bytes = typeof globalThis extends
	{ Buffer: { alloc(size: number): infer B extends Uint8Array } }
	? B : Uint8Array;

/** A certificate as it stands in a store. */
export interface Certificate {
	/** null: stored without one */
	nickname: string | null;
	/** the PKCS#11 token that holds it */
	token: string;
	/** RFC 4514 */
	subject: string;
	/** RFC 4514 */
	issuer: string;
	/** lower-case hexadecimal */
	serial: string;
	/** fingerprint, lower-case hexadecimal */
	sha1: string;
	sha256: string;
	notBefore: Date;
	notAfter: Date;
	keyType: KeyType;
	keyBits: number;
	/** its private key is in the same token */
	hasKey: boolean;
	isCA: boolean;
	der: Bytes;
}

/** A certificate of an import. */
export interface ImportedCertificate extends Certificate {
	/** by request id, by public key, or (a chain's) by nothing */
	matched: 'id' | 'key' | null;
	/** decimal, as answered */
	requestId: string | null;
	/** the CA's statusString */
	statusText: string | null;
	/** sentences */
	warnings: string[];
}

/** All that an import would store. */
export interface Plan {
	certificates: ImportedCertificate[];
	/** the CA's, stored without trust */
	chain: ImportedCertificate[];
}

/** A key without its certificate. */
export interface Pending {
	/** stored: importing the answer again completes it; orphan: a key
	 * without a request; recovery: waits for a lost key, which it protects
	 * on its way */
	state: 'pending' | 'stored' | 'orphan' | 'recovery';
	/** 0 for an orphan */
	id: number;
	label: string | null;
	token: string;
	/** as requested */
	subject: string | null;
	/** YYYY-MM-DD, or "" */
	created: string;
	keyType: KeyType;
	/** 0: not known */
	keyBits: number;
	/** CKA_ID, hexadecimal */
	keyId: string;
	isCA: boolean;
}

/** Bytes are overwritten with zeros when they have been read. */
export type Password = string | Uint8Array;

/** Where a forced backup (PKCS#12) goes. */
export interface BackupTarget {
	path: string;
	password: Password;
	/** 3DES and SHA-1, for old programs */
	compat?: boolean;
	/** replace a file that is there */
	overwrite?: boolean;
}

/** No: the call ends with error:userCancel. */
export type No = null | undefined | false;

/** A synchronous call needs the answer itself, a promise form takes both. */
export type Answer<T> = T | Promise<T>;

/**
 * The user's callbacks. They run in the thread that made the call. One that
 * throws or rejects says no, and lastError.cause holds what it threw. None may
 * wait for another call.
 */
export interface UI {
	/**
	 * The password of a token, or of a new database. attempt counts from 0:
	 * a higher one means that the last was wrong. Without this callback a
	 * token that is locked fails the call with PSM_E_PASSWORD, and a new
	 * database gets none.
	 */
	password?(kind: 'token' | 'new' | 'restore', name: string,
		attempt: number): Answer<Password | No>;
	/** The whole plan, before anything is written; nothing but true stores
	 * it. Without this callback: yes. */
	confirm?(plan: Plan): Answer<boolean | No>;
	/** Where a forced backup goes. Without this callback: no. */
	backupTarget?(plan: Plan): Answer<BackupTarget | No>;
	/** done of total steps; total 0: not known. Steps may be left out. */
	progress?(doing: string, done: number, total: number): unknown;
	/** May keys, that many, go to the holder? Without this callback: no. */
	escrow?(holder: Certificate, keys: number): Answer<boolean | No>;
	/** Which of these signs: an index. Without this callback: the first, or
	 * no where the page said "ask". */
	chooseSigner?(text: string, certificates: Certificate[]):
		Answer<number | No>;
}

export interface Options {
	/** the directory of cert9.db and key4.db */
	db: string;
	/** tried while opening, and not kept */
	password?: Password | null;
	ui?: UI;
	/** make the database if there is none */
	create?: boolean;
	readOnly?: boolean;
	/** RSA keys from 1024 bits, and DSA keys, which old pages ask for */
	allowWeak?: boolean;
	/** runs a callback that is JavaScript source, and should catch what it
	 * throws; else a global eval */
	evaluate?: (source: string) => unknown;
}

/** What failed. */
export interface CryptoError extends Error {
	/** "PSM_E_PASSWORD" ..., as in psm.h */
	code: string;
	/** the string that the object of old returns for it */
	result: string;
	/** of generateCRMFRequest(): "requestedDN", "keySize" ... */
	parameter: string | null;
}

/** One key of generateCRMFRequest(): size, params and algorithm. */
export type KeyArguments = [size: number, params: string | null | undefined,
	alg: string];

export type Callback = string | (() => unknown) | null | undefined;

type Fixed = [dn: string, regToken: string | null | undefined,
	authenticator: string | null | undefined,
	escrowCert: string | null | undefined, callback: Callback];

export type CRMFArguments =
	| [...Fixed, ...KeyArguments]
	| [...Fixed, ...KeyArguments, ...KeyArguments]
	| [...Fixed, ...KeyArguments, ...KeyArguments,
		...(number | string | null | undefined)[]];

/** "" or the documented error. */
export type ImportResult = '' | 'error:userCancel' |
	'error:invalidCertificate' | 'error:invalidRequestID' |
	'error:internalError';

export interface CRMFObject {
	/** base64 CertReqMessages, or "error:..." */
	request: string;
}

/**
 * The crypto object. Synchronous calls block their thread; callbacks run in
 * it meanwhile. Where a promise of a callback is being waited for, and in a
 * callback, they fail with PSM_E_BUSY.
 */
export interface Crypto {
	/** "2.4", what pages looked for */
	readonly version: '2.4';

	/**
	 * Make keys and one request for them. Errors are in .request:
	 * "error:invalidParameter:<which>", "error:userCancel" and
	 * "error:internalError". The callback runs as a later task, when the
	 * return value is assigned, after an error too; what it throws is an
	 * uncaught exception.
	 * @throws TypeError the number of arguments is wrong
	 */
	generateCRMFRequest(...args: CRMFArguments): CRMFObject;
	generateCRMFRequestAsync(...args: CRMFArguments): Promise<CRMFObject>;

	/**
	 * Store what a CA returned for requests that wait here: all or none.
	 * @param nickname a wish; null, "" and "null" are none
	 * @param certRep base64 of a CertRepContent
	 * @param forceBackup no import without a backup
	 * @throws TypeError there are fewer than two arguments
	 */
	importUserCertificates(nickname: string | null | undefined,
		certRep: string, forceBackup?: boolean): ImportResult;
	importUserCertificatesAsync(nickname: string | null | undefined,
		certRep: string, forceBackup?: boolean): Promise<ImportResult>;

	/** Answer a CA's challenge (base64 POPODecKeyChallContent): base64
	 * POPODecKeyRespContent, or "error:...". */
	popChallengeResponse(challenge: string): string;
	popChallengeResponseAsync(challenge: string): Promise<string>;

	/** Base64 of a detached PKCS#7 signature, "error:noMatchingCert",
	 * "error:userCancel" or "error:internalError". Never throws. */
	signText(text: string, caOption: 'auto' | 'ask',
		...caNames: string[]): string;
	signTextAsync(text: string, caOption: 'auto' | 'ask',
		...caNames: string[]): Promise<string>;

	/** Random bytes, 16 MiB at most, a character (0 to 255) each.
	 * @throws RangeError */
	random(length: number): string;
	randomAsync(length: number): Promise<string>;

	/** Lock every token, for the whole process.
	 * @throws CryptoError */
	logout(): void;
	logoutAsync(): Promise<void>;

	/** Does nothing. */
	disableRightClick(): void;

	/** Why the last call that failed did. */
	readonly lastError: (Error & Partial<CryptoError>) | null;

	/** The keys that wait for a certificate.
	 * @throws CryptoError */
	pending(): Pending[];
	pendingAsync(): Promise<Pending[]>;

	/** Every certificate of the user's tokens.
	 * @throws CryptoError */
	list(): Certificate[];
	listAsync(): Promise<Certificate[]>;

	/** Close the database; other calls fail from now on.
	 * @throws CryptoError a promise of a callback is being waited for */
	close(): void;
	closeAsync(): Promise<void>;
}

/** Open an NSS database. All objects of a process share one directory.
 * @throws TypeError, CryptoError */
export function openCrypto(options: Options): Crypto;
export function openCryptoAsync(options: Options): Promise<Crypto>;

/** The version of libpsm. */
export const psmVersion: string;
