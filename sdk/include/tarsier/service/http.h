/* tarsier/service/http.h - service "tarsier.http/1": HTTP routes on the host's entrypoints, and an HTTP client.
 *
 * A route belongs to an API ("prometheus", "alertmanager", ..., "" for the web page). An entrypoint serves APIs either at its root (9090
 * serves "prometheus" there) or under "/<api>" (3001 serves all of them so). The one permission hook runs before every handler.
 */
#ifndef TARSIER_SERVICE_HTTP_H
#define TARSIER_SERVICE_HTTP_H
#include "../abi/module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_HTTP_SERVICE "tarsier.http/1"

typedef struct tarsier_exchange tarsier_exchange;   /* one request being answered; the provider's, valid until finished */
typedef struct tarsier_websocket tarsier_websocket; /* the provider's, valid until on_close has returned */
typedef struct tarsier_route tarsier_route;         /* the provider's, valid until remove_route or the owner's stop */
typedef struct tarsier_http_call tarsier_http_call; /* the provider's, valid until on_done has returned */

enum {
  TARSIER_HTTP_GET = 1u << 0,
  TARSIER_HTTP_HEAD = 1u << 1, /* implied by GET */
  TARSIER_HTTP_POST = 1u << 2,
  TARSIER_HTTP_PUT = 1u << 3,
  TARSIER_HTTP_DELETE = 1u << 4,
  TARSIER_HTTP_PATCH = 1u << 5,
  TARSIER_HTTP_OPTIONS = 1u << 6
};

/* Valid while the handler runs and, for a request that is answered later, until the exchange is finished. */
typedef struct tarsier_http_request {
  uint32_t size;
  uint32_t method; /* one TARSIER_HTTP_* bit */
  tarsier_str path;   /* percent-decoded, without the entrypoint's prefix */
  tarsier_str raw_path; /* as received, without the query */
  tarsier_str query;  /* as received, without '?' */
  tarsier_str prefix; /* "/prometheus" on 3001, "" on 9090: for links and redirects */
  tarsier_str entrypoint;
  tarsier_str remote; /* "127.0.0.1:43512" */
  tarsier_str user;   /* of the permission hook; "" */
  const tarsier_pair *headers; /* names in lower case */
  uint32_t header_count;
  uint32_t path_arg_count;
  const tarsier_str *path_args; /* what each ":" of the pattern matched, and then the rest that "**" matched, percent-decoded */
  tarsier_bytes body; /* whole, decompressed (gzip, zstd) unless the route wants it as sent, within max_body_bytes */
  /* Since minor version 2. */
  uint32_t version; /* of HTTP: 10, 11 or 20 */
  uint32_t reserved;
} tarsier_http_request;

/* Answers by exactly one of respond, begin ... end or upgrade, now or later, on any thread. */
typedef void (*tarsier_http_handler)(void *user, const tarsier_http_request *request, tarsier_exchange *exchange);

enum {
  TARSIER_ROUTE_ON_NETWORK_THREAD = 1u << 0, /* the handler must not block; otherwise it is [work], several at once */
  /* Since minor version 2. The handler gets the body as it was sent and looks at Content-Encoding itself; otherwise gzip and zstd are
   * unpacked before, "snappy" is left to it, and other codings are refused with 415. A provider that does not know the flag does that, too. */
  TARSIER_ROUTE_BODY_AS_SENT = 1u << 1
};

/* Everything is copied. */
typedef struct tarsier_route_spec {
  uint32_t size;
  uint32_t methods;
  uint32_t flags;
  uint32_t reserved;
  tarsier_str api;        /* "prometheus"; "" for the root of 3001; "*" on every entrypoint */
  tarsier_str pattern;    /* "/api/v1/label/:/values": a segment ":" matches one segment, a last "**" the rest, perhaps empty */
  tarsier_str permission; /* "metrics:read", "metrics:write", "logs:read", "admin", ..., "public" */
  uint64_t max_body_bytes; /* 0: the provider's default */
  int64_t timeout_ns;      /* 0: the provider's default; then the exchange answers 503 by itself */
  void *user;
  tarsier_http_handler handler;
} tarsier_route_spec;

typedef struct tarsier_websocket_handler {
  uint32_t size;
  uint32_t reserved;
  void *user;
  /* [work], serial per socket */
  void (*on_open)(void *user, tarsier_websocket *socket);
  void (*on_message)(void *user, tarsier_websocket *socket, tarsier_bytes message, int32_t is_text);
  void (*on_close)(void *user, tarsier_websocket *socket);
} tarsier_websocket_handler;

typedef struct tarsier_tls_options {
  uint32_t size;
  uint32_t insecure_skip_verify;
  tarsier_str ca_file, cert_file, key_file, server_name; /* "": the system's, none, none, the URL's host */
  /* Since minor version 2. The same as PEM texts, each instead of its file: of each at most one of both. A provider that does not know them has
   * the system's authorities and shows no certificate. */
  tarsier_str ca, cert, key;
  /* Since minor version 2. "TLS10", "TLS11", "TLS12" or "TLS13"; "": from TLS12, and to the newest. */
  tarsier_str min_version, max_version;
} tarsier_tls_options;

/* Since minor version 2. By which proxy a request goes: one of http:// in absolute form, one of https:// through CONNECT; unix:// by none. The
 * rules hold for each redirect anew. Everything is copied. */
typedef struct tarsier_http_proxy {
  uint32_t size;
  uint32_t from_environment; /* 1: HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the process, or the same in small letters, stand for `url` and `no_proxy` */
  tarsier_str url;           /* "http://user:password@proxy:3128"; "": none. Other schemes are INVALID */
  /* "": everything goes by the proxy. Otherwise names (those below them, too; ".name": those alone), addresses, each perhaps with a port, and
   * networks, separated by commas, or "*"; then, and with from_environment, loopback addresses and localhost never go by a proxy either. */
  tarsier_str no_proxy;
  const tarsier_pair *connect_headers; /* sent with CONNECT only */
  uint32_t connect_header_count;
  uint32_t reserved;
} tarsier_http_proxy;

/* Everything is copied. */
typedef struct tarsier_http_client_request {
  uint32_t size;
  uint32_t flags; /* TARSIER_CLIENT_* */
  tarsier_str method; /* "GET" */
  tarsier_str url;    /* http:// or https://, or unix:///path/to/socket:/path */
  const tarsier_pair *headers;
  uint32_t header_count;
  uint32_t max_redirects;
  tarsier_bytes body;
  int64_t timeout_ns;      /* over all; 0: 30 s */
  uint64_t max_body_bytes; /* of the decompressed answer; 0: 64 MiB */
  const tarsier_tls_options *tls; /* NULL: defaults */
  /* Since minor version 2. NULL: none. A provider that does not know it asks the server itself. */
  const tarsier_http_proxy *proxy;
} tarsier_http_client_request;
enum {
  TARSIER_CLIENT_ACCEPT_GZIP = 1u << 0, /* asks for gzip and decompresses */
  /* Since minor version 2. When its owner stops the call has two seconds more, so that what is known of it is the other side's answer and not
   * a connection that was cut off. A provider that does not know the flag cancels it at once. */
  TARSIER_CLIENT_MAY_FINISH = 1u << 1,
  /* Since minor version 2. An answer whose body is longer than max_body_bytes is no failure: the body ends there, or is empty. */
  TARSIER_CLIENT_CUT_BODY = 1u << 2,
  /* Since minor version 2. Over TLS HTTP/2 is offered (ALPN), and where the server chooses it calls with the same options share a connection.
   * Without TLS it means nothing. A provider that does not know the flag speaks HTTP/1.1. */
  TARSIER_CLIENT_HTTP2 = 1u << 3
};

typedef struct tarsier_http_client_response {
  uint32_t size;
  uint32_t code;
  const tarsier_pair *headers; /* names in lower case */
  uint32_t header_count;
  uint32_t reserved;
  tarsier_bytes body;
  int64_t duration_ns;
} tarsier_http_client_response;

/* [work], several at once. Once. On failure `response` is NULL: DEADLINE, UNAVAILABLE (connect, TLS, reset), RESOURCE (body too large),
 * INVALID (URL, malformed answer), CANCELLED. All pointers are valid during the call. */
typedef void (*tarsier_http_done_fn)(void *user, tarsier_status status, tarsier_str message, const tarsier_http_client_response *response);

/* Since minor version 2. How an answer is taken while it comes, see `stream`. Copied. */
typedef struct tarsier_http_pieces {
  uint32_t size;
  uint32_t reserved;
  /* Nothing came for so long, while something was waited for: DEADLINE. Beside the request's timeout, which is over all; 0: only that. */
  int64_t quiet_timeout_ns;
  /* [work], one at a time, never beside or after `done`. First with an empty piece when the head has come, then with the body as it comes,
   * decompressed when the request asks for that. `head` has no body. How a piece is cut says nothing; none is longer than 1 MiB. Nothing more is
   * read from the other side before it has returned: it may take its time. Anything but OK ends the call, and `done` gets that status. */
  tarsier_status (*on_piece)(void *user, const tarsier_http_client_response *head, tarsier_bytes piece);
} tarsier_http_pieces;

typedef struct tarsier_http {
  uint32_t size;
  uint32_t reserved;
  void *self;
  /* [ctl, work] Adds a route for `owner`. INVALID for a bad pattern or one that exists. Removed by itself when the owner stops. */
  tarsier_status (*add_route)(void *self, const tarsier_host *owner, const tarsier_route_spec *spec, tarsier_route **out, tarsier_error *error);
  /* [ctl, work] After it returns the handler is not called any more; answers still owed go on. */
  void (*remove_route)(void *self, tarsier_route *route);

  /* [any] The whole answer; finishes the exchange. Content-Length, Date and compression (when the client accepts it and it pays) are added. */
  void (*respond)(tarsier_exchange *exchange, uint32_t code, const tarsier_pair *headers, uint32_t header_count, tarsier_bytes body);
  /* [any] Starts a streamed answer; not finished until end. */
  void (*begin)(tarsier_exchange *exchange, uint32_t code, const tarsier_pair *headers, uint32_t header_count);
  /* [any] One piece; copied. OK; AGAIN (nothing taken): more than 1 MiB waits for a slow client, on_writable will be called; CANCELLED: the client went. */
  tarsier_status (*write)(tarsier_exchange *exchange, tarsier_bytes piece);
  /* [any] Ends a streamed answer and finishes the exchange; aborted = 1 cuts the connection (in HTTP/2 the stream) so that the
   * client sees a broken answer. */
  void (*end)(tarsier_exchange *exchange, int32_t aborted);
  /* [any] Calls fn(user) [work] once when write has room again or the client went; before begin: only when it went. */
  void (*on_writable)(tarsier_exchange *exchange, void *user, void (*fn)(void *user));
  /* [any] 1 when the client went away or the timeout passed: stop the work for it. */
  int32_t (*cancelled)(tarsier_exchange *exchange);
  /* [any] Turns the exchange into a websocket (and finishes it); INVALID and a 400 answer when the client did not ask for one. */
  tarsier_status (*upgrade)(tarsier_exchange *exchange, const tarsier_host *owner, const tarsier_websocket_handler *handler);
  /* [any] Sends one message; AGAIN when more than 1 MiB waits, CANCELLED when closed. */
  tarsier_status (*send)(tarsier_websocket *socket, tarsier_bytes message, int32_t is_text);
  /* [any] Closes with a status code of RFC 6455. */
  void (*close)(tarsier_websocket *socket, uint32_t code, tarsier_str reason);

  /* [any] Begins a call for `owner`; `done` is called exactly once when OK is returned. Connections are pooled. Cancelled by itself when the
   * owner stops, see TARSIER_CLIENT_MAY_FINISH. `out` may be NULL. */
  tarsier_status (*request)(void *self, const tarsier_host *owner, const tarsier_http_client_request *request, tarsier_http_done_fn done,
                            void *user, tarsier_http_call **out, tarsier_error *error);
  /* [any] `done` comes with CANCELLED, unless it is already on its way. Only before `done` has been called. */
  void (*cancel)(void *self, tarsier_http_call *call);

  /* [any] Since minor version 2. Like request, but the body goes to pieces->on_piece while it comes, with the same `user`, and `done` gets none.
   * So an answer may be larger than memory, or last for hours. max_body_bytes is of all pieces together, 0: without a limit.
   * TARSIER_CLIENT_CUT_BODY means nothing here: who has enough says so in on_piece. The bodies of redirects that are followed are not handed over. */
  tarsier_status (*stream)(void *self, const tarsier_host *owner, const tarsier_http_client_request *request, const tarsier_http_pieces *pieces,
                           tarsier_http_done_fn done, void *user, tarsier_http_call **out, tarsier_error *error);

  /* [any] Since minor version 2. As end(exchange, 0), with fields behind the body. HTTP/1.0 and answers without a body have no place for them:
   * there they are left out. */
  void (*end_with_trailers)(tarsier_exchange *exchange, const tarsier_pair *trailers, uint32_t trailer_count);
} tarsier_http;
#ifdef __cplusplus
}
#endif
#endif
