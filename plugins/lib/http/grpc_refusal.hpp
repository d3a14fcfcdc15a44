// What a client of gRPC is told where others get a status code of HTTP: no route, too large, refused, too late.
#pragma once

#include "plugins/lib/http/exchange.hpp"

namespace tarsier::net {

/// A call of gRPC over HTTP/2.
bool speaks_grpc(const Request& request) noexcept;
/// The answer of 400 and above as status and message of gRPC, in the head of an empty answer.
Answer grpc_refusal(const Answer& answer);

}  // namespace tarsier::net
