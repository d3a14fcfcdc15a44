// The keys of a table that read_client_config() reads, for a plugin's schema.
#pragma once

#include "tarsier/plugin.hpp"

/// `table` is a literal with a dot at its end: "job[].tls_config.".
#define TARSIER_TLS_KEYS(table, flags)                                                                                          \
  key(table "ca", TARSIER_KEY_STRING, nullptr, "certificates to trust instead of the system's, in PEM", nullptr, flags),        \
      key(table "ca_file", TARSIER_KEY_STRING, nullptr, "file with them", nullptr, flags),                                      \
      key(table "cert", TARSIER_KEY_STRING, nullptr, "client certificate, in PEM", nullptr, flags),                             \
      key(table "cert_file", TARSIER_KEY_STRING, nullptr, "file with it", nullptr, flags),                                      \
      key(table "key", TARSIER_KEY_STRING, nullptr, "its key, in PEM", nullptr, TARSIER_KEY_SECRET | (flags)),                  \
      key(table "key_file", TARSIER_KEY_STRING, nullptr, "file with it", nullptr, flags),                                       \
      key(table "min_version", TARSIER_KEY_STRING, nullptr, "the oldest version; TLS12 when absent", "TLS10|TLS11|TLS12|TLS13", \
          flags),                                                                                                               \
      key(table "max_version", TARSIER_KEY_STRING, nullptr, "the newest version", "TLS10|TLS11|TLS12|TLS13", flags),            \
      key(table "server_name", TARSIER_KEY_STRING, nullptr, "name to verify instead of the URL's", nullptr, flags),             \
      key(table "insecure_skip_verify", TARSIER_KEY_BOOL, "false", "any certificate is taken", nullptr, flags)

/// `table`: "job[].".
#define TARSIER_PROXY_KEYS(table, flags)                                                                                         \
  key(table "proxy_url", TARSIER_KEY_STRING, nullptr, "a proxy: http://host:port, perhaps with user:password@", nullptr,         \
      TARSIER_KEY_SECRET | (flags)),                                                                                             \
      key(table "no_proxy", TARSIER_KEY_STRING, nullptr, "what goes by no proxy: names, addresses, networks, or *", nullptr,     \
          flags),                                                                                                                \
      key(table "proxy_from_environment", TARSIER_KEY_BOOL, "false", "HTTP_PROXY, HTTPS_PROXY and NO_PROXY name the proxy",      \
          nullptr, flags),                                                                                                       \
      key(table "proxy_connect_header", TARSIER_KEY_TABLE, nullptr, "headers for the proxy, with TLS: name = [values]", nullptr, \
          flags),                                                                                                                \
      key(table "proxy_connect_header.*[]", TARSIER_KEY_STRING, nullptr, "values of one header", nullptr,                        \
          TARSIER_KEY_SECRET | (flags))

/// `table`: "job[]."; `http2`: "true" or "false", the default of enable_http2.
#define TARSIER_CLIENT_KEYS(table, http2, flags)                                                                                   \
  key(table "enable_http2", TARSIER_KEY_BOOL, http2, "HTTP/2 is offered over TLS", nullptr, flags),                                \
      key(table "http_headers", TARSIER_KEY_TABLE, nullptr, "request headers: name = { values = [..] }", nullptr, flags),          \
      key(table "http_headers.*", TARSIER_KEY_TABLE, nullptr, "one header", nullptr, flags),                                       \
      key(table "http_headers.*.values[]", TARSIER_KEY_STRING, nullptr, "its values", nullptr, TARSIER_KEY_SECRET | (flags)),      \
      key(table "http_headers.*.secrets[]", TARSIER_KEY_STRING, nullptr, "further values", nullptr, TARSIER_KEY_SECRET | (flags)), \
      key(table "http_headers.*.files[]", TARSIER_KEY_STRING, nullptr, "files with further values, read at each request", nullptr, \
          flags),                                                                                                                  \
      key(table "basic_auth", TARSIER_KEY_TABLE, nullptr, "HTTP Basic authentication", nullptr, flags),                            \
      key(table "basic_auth.username", TARSIER_KEY_STRING, nullptr, "user", nullptr, flags),                                       \
      key(table "basic_auth.password", TARSIER_KEY_STRING, nullptr, "password", nullptr, TARSIER_KEY_SECRET | (flags)),            \
      key(table "basic_auth.password_file", TARSIER_KEY_STRING, nullptr, "file with the password, read at each request", nullptr,  \
          flags),                                                                                                                  \
      key(table "authorization", TARSIER_KEY_TABLE, nullptr, "any other Authorization header", nullptr, flags),                    \
      key(table "authorization.type", TARSIER_KEY_STRING, nullptr, "Bearer when absent", nullptr, flags),                          \
      key(table "authorization.credentials", TARSIER_KEY_STRING, nullptr, "the token", nullptr, TARSIER_KEY_SECRET | (flags)),     \
      key(table "authorization.credentials_file", TARSIER_KEY_STRING, nullptr, "file with the token, read at each request",        \
          nullptr, flags),                                                                                                         \
      key(table "oauth2", TARSIER_KEY_TABLE, nullptr, "OAuth 2 by client credentials: a token is asked for", nullptr, flags),      \
      key(table "oauth2.client_id", TARSIER_KEY_STRING, nullptr, "who asks", nullptr, flags),                                      \
      key(table "oauth2.client_secret", TARSIER_KEY_STRING, nullptr, "its secret", nullptr, TARSIER_KEY_SECRET | (flags)),         \
      key(table "oauth2.client_secret_file", TARSIER_KEY_STRING, nullptr, "file with the secret, read at each request", nullptr,   \
          flags),                                                                                                                  \
      key(table "oauth2.scopes[]", TARSIER_KEY_STRING, nullptr, "what the token is to allow", nullptr, flags),                     \
      key(table "oauth2.token_url", TARSIER_KEY_STRING, nullptr, "where tokens are given", nullptr, flags),                        \
      key(table "oauth2.endpoint_params", TARSIER_KEY_TABLE, nullptr, "further parameters of the request for a token", nullptr,    \
          flags),                                                                                                                  \
      key(table "oauth2.endpoint_params.*", TARSIER_KEY_STRING, nullptr, "one parameter", nullptr, TARSIER_KEY_SECRET | (flags)),  \
      key(table "oauth2.tls_config", TARSIER_KEY_TABLE, nullptr, "TLS to the token server", nullptr, flags),                       \
      TARSIER_TLS_KEYS(table "oauth2.tls_config.", flags), TARSIER_PROXY_KEYS(table "oauth2.", flags),                             \
      key(table "tls_config", TARSIER_KEY_TABLE, nullptr, "TLS to the other side", nullptr, flags),                                \
      TARSIER_TLS_KEYS(table "tls_config.", flags), TARSIER_PROXY_KEYS(table, flags)
