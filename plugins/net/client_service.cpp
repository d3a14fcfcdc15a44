// C calls on the client: the owner is entered from the request until its done() has returned.
#include "plugins/net/client_service.hpp"

#include <mutex>
#include <utility>

#include "plugins/net/http_service.hpp"

namespace tarsier::net {
namespace {

/// A call as its owner knows it: there before the call begins, and until done() has returned.
class OwnedCall final : public ClientCall, public std::enable_shared_from_this<OwnedCall> {
 public:
  void attach(std::shared_ptr<ClientCall> call) {
    const std::lock_guard lock(call_mutex_);
    call_ = std::move(call);
    if (cancelled_) call_->cancel();
  }
  void cancel() override {
    const auto kept = shared_from_this();  // done() may come, and go, before this has returned
    const std::lock_guard lock(call_mutex_);
    cancelled_ = true;
    if (call_) call_->cancel();
  }

 private:
  std::mutex call_mutex_;
  std::shared_ptr<ClientCall> call_;
  bool cancelled_ = false;
};

ProxyOptions proxy_of(const tarsier_http_proxy& from) {
  ProxyOptions out{std::string(view(from.url)), std::string(view(from.no_proxy)), from.from_environment != 0, {}};
  for (uint32_t i = 0; i < from.connect_header_count; ++i)
    out.connect_headers.push_back(
        {std::string(view(from.connect_headers[i].name)), std::string(view(from.connect_headers[i].value))});
  return out;
}

TlsClientOptions tls_of(const tarsier_tls_options& from) {
  TlsClientOptions out;
  out.insecure_skip_verify = from.insecure_skip_verify != 0;
  out.ca_file = view(from.ca_file);
  out.cert_file = view(from.cert_file);
  out.key_file = view(from.key_file);
  out.server_name = view(from.server_name);
  if (!TARSIER_HAS(&from, max_version)) return out;
  out.ca = view(from.ca);
  out.cert = view(from.cert);
  out.key = view(from.key);
  out.min_version = view(from.min_version);
  out.max_version = view(from.max_version);
  return out;
}

Result<ClientRequest> request_of(const tarsier_http_client_request& from) {
  ClientRequest out;
  if (from.method.size > 0) out.method = view(from.method);
  out.url = view(from.url);
  for (uint32_t i = 0; i < from.header_count; ++i) {
    out.headers.push_back({std::string(view(from.headers[i].name)), std::string(view(from.headers[i].value))});
  }
  out.body = view(from.body);
  out.max_redirects = from.max_redirects;
  if (from.timeout_ns < 0) return Error::invalid("timeout_ns is negative");
  if (from.timeout_ns > 0) out.timeout = std::chrono::nanoseconds(from.timeout_ns);
  if (from.max_body_bytes > 0) out.max_body_bytes = from.max_body_bytes;
  out.cut_body = (from.flags & TARSIER_CLIENT_CUT_BODY) != 0;
  out.accept_compressed = (from.flags & TARSIER_CLIENT_ACCEPT_GZIP) != 0;
  out.http2 = (from.flags & TARSIER_CLIENT_HTTP2) != 0;
  if (from.tls != nullptr) out.tls = tls_of(*from.tls);
  if (TARSIER_HAS(&from, proxy) && from.proxy != nullptr) out.proxy = proxy_of(*from.proxy);
  return out;
}

/// An answer as C sees it; valid as long as that.
class RawResponse {
 public:
  explicit RawResponse(const ClientResponse& from) {
    headers_.reserve(from.headers.size());
    for (const Header& each : from.headers) headers_.push_back({str(each.name), str(each.value)});
    raw_.size = sizeof(raw_);
    raw_.code = from.code;
    raw_.headers = headers_.data();
    raw_.header_count = static_cast<uint32_t>(headers_.size());
    raw_.body = bytes(from.body);
    raw_.duration_ns = from.duration.count();
  }
  const tarsier_http_client_response* get() const noexcept { return &raw_; }

 private:
  std::vector<tarsier_pair> headers_;
  tarsier_http_client_response raw_{};
};

void deliver(const Result<ClientResponse>& result, tarsier_http_done_fn done, void* user) {
  if (!result) return done(user, result.error().code(), str(result.error().message()), nullptr);
  done(user, TARSIER_OK, str({}), RawResponse(*result).get());
}

Client::OnPiece hand_on(const tarsier_http_pieces& pieces, void* user) {
  return [on_piece = pieces.on_piece, user](const ClientResponse& head, std::string_view piece) -> Result<void> {
    const tarsier_status status = on_piece(user, RawResponse(head).get(), bytes(piece));
    if (status == TARSIER_OK) return {};
    return Error(status, "the answer was not taken to its end");
  };
}

Result<std::shared_ptr<ClientCall>> begin(Client& client, ClientRequest request, const tarsier_http_pieces* pieces, void* user,
                                          Client::Done done) {
  if (pieces == nullptr) return client.request(std::move(request), std::move(done));
  if (pieces->quiet_timeout_ns < 0) return Error::invalid("quiet_timeout_ns is negative");
  request.quiet_timeout = std::chrono::nanoseconds(pieces->quiet_timeout_ns);
  request.cut_body = false;
  return client.stream(std::move(request), hand_on(*pieces, user), std::move(done));
}

tarsier_status begin_owned(HttpService& service, const tarsier_host* owner, const tarsier_http_client_request& request,
                           const tarsier_http_pieces* pieces, tarsier_http_done_fn done, void* user, tarsier_http_call** out,
                           tarsier_error* error) {
  const tarsier_services* services = service.host.services;
  auto converted = request_of(request);
  if (!converted) return converted.error().to_c(error);
  if (pieces != nullptr && request.max_body_bytes == 0) converted->max_body_bytes = UINT64_MAX;
  if (services->enter(owner) == 0) return Error(TARSIER_CANCELLED, "the plugin that asks is stopping").to_c(error);
  const auto owned = std::make_shared<OwnedCall>();
  const auto let_go = [&service, owner, key = owned.get()] {
    service.owners.drop(owner, key);
    service.host.services->leave(owner);
  };
  const bool may_finish = (request.flags & TARSIER_CLIENT_MAY_FINISH) != 0;
  if (auto kept = service.owners.keep(owner, std::shared_ptr<ClientCall>(owned), may_finish); !kept) {
    services->leave(owner);
    return kept.error().to_c(error);
  }
  if (out != nullptr) *out = reinterpret_cast<tarsier_http_call*>(owned.get());  // before done() can come
  auto started =
      begin(service.client, std::move(*converted), pieces, user, [owned, let_go, done, user](const Result<ClientResponse>& result) {
        deliver(result, done, user);
        let_go();
      });
  if (!started) {
    let_go();
    if (out != nullptr) *out = nullptr;
    return started.error().to_c(error);
  }
  owned->attach(std::move(*started));
  return TARSIER_OK;
}

}  // namespace

tarsier_status begin_call(void* self, const tarsier_host* owner, const tarsier_http_client_request* request,
                          tarsier_http_done_fn done, void* user, tarsier_http_call** out, tarsier_error* error) {
  return begin_owned(*static_cast<HttpService*>(self), owner, *request, nullptr, done, user, out, error);
}

tarsier_status begin_stream(void* self, const tarsier_host* owner, const tarsier_http_client_request* request,
                            const tarsier_http_pieces* pieces, tarsier_http_done_fn done, void* user, tarsier_http_call** out,
                            tarsier_error* error) {
  return begin_owned(*static_cast<HttpService*>(self), owner, *request, pieces, done, user, out, error);
}

void cancel_call(void*, tarsier_http_call* call) { reinterpret_cast<OwnedCall*>(call)->cancel(); }

}  // namespace tarsier::net
