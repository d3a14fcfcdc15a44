// Requests as a configuration wants them.
#pragma once

#include <cstdint>
#include <functional>

#include "plugins/lib/client_config/client_config.hpp"
#include "tarsier/http.hpp"

namespace tarsier::client_config {

/// [work] http::request() with the configuration's headers (behind those of `request`), authorization, TLS and proxy. Where a token
/// has to be asked for first, that takes of the request's time, and what `request` points to is copied. `host` outlives the call.
Result<void> request(const Host& host, const ServiceRef<tarsier_http>& http, const ClientConfig& config,
                     const tarsier_http_client_request& request, http::Done done);
/// [work] The same with http::stream(). `begun` gets the call when it has begun, which with a token to be asked for may be after
/// the return, and never if there is no token.
Result<void> stream(const Host& host, const ServiceRef<tarsier_http>& http, const ClientConfig& config,
                    const tarsier_http_client_request& request, int64_t quiet_timeout_ns, http::OnPiece on_piece, http::Done done,
                    std::function<void(http::Stream)> begun);

}  // namespace tarsier::client_config
