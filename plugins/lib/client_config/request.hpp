// Requests as a configuration wants them.
#pragma once

#include "plugins/lib/client_config/client_config.hpp"
#include "tarsier/http.hpp"

namespace tarsier::client_config {

/// [work] http::request() with the configuration's headers (behind those of `request`), authorization, TLS and proxy. Where a token
/// has to be asked for first, that takes of the request's time, and what `request` points to is copied. `host` outlives the call.
Result<void> request(const Host& host, const ServiceRef<tarsier_http>& http, const ClientConfig& config,
                     const tarsier_http_client_request& request, http::Done done);

}  // namespace tarsier::client_config
