-- OpenID Connect: docs/develop/openid-connect.md.

-- When a claim of this account last changed: `updated_at`.  0: never since it was made.
ALTER TABLE accounts ADD COLUMN updated_at_us INTEGER NOT NULL DEFAULT 0;

-- The client_id of the application that an event is about.  '': none, or written by a node of an earlier release.
ALTER TABLE audit ADD COLUMN client TEXT NOT NULL DEFAULT '';

-- Names of closed or renamed accounts, which no other account gets: applications may know people by name.
CREATE TABLE closed_names (
	name TEXT PRIMARY KEY,
	account_id INTEGER NOT NULL,         -- the account that had the name; it may take it again
	closed_at_us INTEGER NOT NULL
) STRICT;

-- Keys that sign ID tokens.
CREATE TABLE oidc_keys (
	id INTEGER PRIMARY KEY,              -- random: it is part of what the private key is sealed to
	kid TEXT NOT NULL UNIQUE,            -- RFC 7638 thumbprint
	algorithm TEXT NOT NULL CHECK (algorithm IN ('RS256', 'ES256', 'EdDSA')),
	private_sealed BLOB NOT NULL,        -- PKCS #8, DER; the public key comes from it too
	created_at_us INTEGER NOT NULL,      -- published from then on
	signs_from_us INTEGER NOT NULL,
	signs_until_us INTEGER NOT NULL,
	published_until_us INTEGER NOT NULL,
	kept_until_us INTEGER NOT NULL,      -- until then it proves ID tokens that come back as id_token_hint
	withdrawn_at_us INTEGER              -- NULL: not withdrawn
) STRICT;

-- Applications that sign people in here.  The lists have one value per line.
CREATE TABLE oidc_clients (
	id INTEGER PRIMARY KEY,
	client_id TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,                  -- as pages show it
	preset TEXT NOT NULL DEFAULT '',     -- '': generic
	launch_url TEXT NOT NULL DEFAULT '', -- of its tile on the home page; '': no tile
	redirect_uris TEXT NOT NULL,
	logout_uris TEXT NOT NULL DEFAULT '', -- post_logout_redirect_uris
	backchannel_uri TEXT NOT NULL DEFAULT '',
	public INTEGER NOT NULL DEFAULT 0,   -- 1: it has no secret
	-- the only one accepted; '': Basic or body
	auth_method TEXT NOT NULL DEFAULT '' CHECK (auth_method IN ('', 'client_secret_basic', 'client_secret_post')),
	scopes TEXT NOT NULL,                -- allowed ones, with a space between
	pkce_optional INTEGER NOT NULL DEFAULT 0,
	consent TEXT NOT NULL DEFAULT 'once' CHECK (consent IN ('never', 'once', 'always')),
	id_token_alg TEXT NOT NULL DEFAULT 'RS256' CHECK (id_token_alg IN ('RS256', 'ES256', 'EdDSA')),
	id_token_minimal INTEGER NOT NULL DEFAULT 0, -- 1: claims of scopes are at userinfo only
	refresh_fixed INTEGER NOT NULL DEFAULT 0,    -- 1: refresh tokens are not rotated
	refresh_session INTEGER NOT NULL DEFAULT 0,  -- 1: a refresh token without offline_access, for the session's life
	offline_without_consent INTEGER NOT NULL DEFAULT 0,
	insecure_redirect INTEGER NOT NULL DEFAULT 0, -- 1: http redirect URIs of any host
	max_age_s INTEGER NOT NULL DEFAULT -1,       -- as the parameter max_age; -1: none
	access_token_s INTEGER NOT NULL DEFAULT 3600,
	claims TEXT NOT NULL DEFAULT '',             -- own claims, one per line: src/oidc/claim_rules.h
	created_at_us INTEGER NOT NULL,
	disabled_at_us INTEGER
) STRICT;

-- At most two valid ones per client, so that a secret can be replaced without an interruption.
CREATE TABLE oidc_secrets (
	id INTEGER PRIMARY KEY,
	client_id INTEGER NOT NULL REFERENCES oidc_clients (id) ON DELETE CASCADE,
	secret_hash BLOB NOT NULL,           -- SHA-256; an imported one may be a crypt string of PBKDF2 until its first use
	imported INTEGER NOT NULL DEFAULT 0, -- 1: a person may have chosen it, so guesses are locked out
	created_at_us INTEGER NOT NULL,
	expires_at_us INTEGER                -- NULL: never
) STRICT;
CREATE INDEX oidc_secrets_client ON oidc_secrets (client_id);

-- What a person allowed an application to know, until withdrawn.
CREATE TABLE oidc_consents (
	id INTEGER PRIMARY KEY,
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	client_id INTEGER NOT NULL REFERENCES oidc_clients (id) ON DELETE CASCADE,
	scopes TEXT NOT NULL,
	granted_at_us INTEGER NOT NULL,
	UNIQUE (account_id, client_id)
) STRICT;
CREATE INDEX oidc_consents_client ON oidc_consents (client_id);

-- `sid` of a session for one client.
CREATE TABLE oidc_sids (
	id INTEGER PRIMARY KEY,
	session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
	client_id INTEGER NOT NULL REFERENCES oidc_clients (id) ON DELETE CASCADE,
	sid TEXT NOT NULL UNIQUE,
	UNIQUE (session_id, client_id)
) STRICT;
CREATE INDEX oidc_sids_client ON oidc_sids (client_id);

-- What one approved request may become: a code, its access tokens, its family of refresh tokens.
CREATE TABLE oidc_grants (
	id INTEGER PRIMARY KEY,
	client_id INTEGER NOT NULL REFERENCES oidc_clients (id) ON DELETE CASCADE,
	account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE, -- it ends with this session; NULL: offline_access
	scopes TEXT NOT NULL,
	claims TEXT NOT NULL,                -- the parameter `claims`; '': none
	auth_at_us INTEGER NOT NULL,         -- auth_time
	amr TEXT NOT NULL,                   -- with a space between
	acr TEXT NOT NULL,
	sid TEXT NOT NULL,
	created_at_us INTEGER NOT NULL,
	expires_at_us INTEGER NOT NULL,      -- the end of all that comes from it
	refresh_counter INTEGER NOT NULL DEFAULT 0, -- of the newest refresh token; 0: none was given
	refresh_hash BLOB,                   -- SHA-256 of the newest refresh token
	refresh_previous_hash BLOB,
	refreshed_at_us INTEGER NOT NULL DEFAULT 0 -- when the newest one was made
) STRICT;
CREATE INDEX oidc_grants_account ON oidc_grants (account_id);
CREATE INDEX oidc_grants_client ON oidc_grants (client_id);
CREATE INDEX oidc_grants_session ON oidc_grants (session_id);
CREATE INDEX oidc_grants_expires ON oidc_grants (expires_at_us);

CREATE TABLE oidc_codes (
	id INTEGER PRIMARY KEY,
	code_hash BLOB NOT NULL UNIQUE,
	grant_id INTEGER NOT NULL UNIQUE REFERENCES oidc_grants (id) ON DELETE CASCADE,
	session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
	redirect_uri TEXT NOT NULL,
	challenge TEXT NOT NULL,             -- code_challenge; '': none
	nonce TEXT NOT NULL,                 -- '': none
	expires_at_us INTEGER NOT NULL,
	used_at_us INTEGER                   -- NULL: not used; kept for an hour after its end, so that a second use is noticed
) STRICT;
CREATE INDEX oidc_codes_session ON oidc_codes (session_id);
CREATE INDEX oidc_codes_expires ON oidc_codes (expires_at_us);

CREATE TABLE oidc_access_tokens (
	id INTEGER PRIMARY KEY,
	token_hash BLOB NOT NULL UNIQUE,
	grant_id INTEGER NOT NULL REFERENCES oidc_grants (id) ON DELETE CASCADE,
	session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE, -- NULL: made by a refresh token of offline_access
	scopes TEXT NOT NULL,
	created_at_us INTEGER NOT NULL,
	expires_at_us INTEGER NOT NULL
) STRICT;
CREATE INDEX oidc_access_tokens_grant ON oidc_access_tokens (grant_id);
CREATE INDEX oidc_access_tokens_session ON oidc_access_tokens (session_id);
CREATE INDEX oidc_access_tokens_expires ON oidc_access_tokens (expires_at_us);
