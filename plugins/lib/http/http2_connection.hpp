// A server's connection that speaks HTTP/2: many requests side by side. Inside the library only.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "plugins/lib/http/connection.hpp"

namespace tarsier::net {

/// [net] Goes on with a transport whose client speaks HTTP/2; `received` is what has been read of it, from the preface on. `ended`
/// is called on the same thread when all of it is over.
std::shared_ptr<Connection> serve_http2(std::shared_ptr<Transport> transport, Connection::Setup setup, std::string received,
                                        std::function<void()> ended);

}  // namespace tarsier::net
