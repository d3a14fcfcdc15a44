// Transports over sockets. Only the files that accept and connect include this.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/generic/stream_protocol.hpp>

#include "plugins/lib/http/transport.hpp"

namespace tarsier::net {

using StreamSocket = boost::asio::generic::stream_protocol::socket;

std::shared_ptr<Transport> make_plain_transport(boost::asio::io_context& context, StreamSocket socket);
std::shared_ptr<Transport> make_tls_server_transport(boost::asio::io_context& context, StreamSocket socket,
                                                     std::shared_ptr<boost::asio::ssl::context> tls);
/// `server_name` is sent (SNI) and must be in the certificate, unless `verify` is false. With `offer_http2` the server may choose
/// h2 (ALPN), see protocol().
std::shared_ptr<Transport> make_tls_client_transport(boost::asio::io_context& context, StreamSocket socket,
                                                     std::shared_ptr<boost::asio::ssl::context> tls, const std::string& server_name,
                                                     bool verify, bool offer_http2);

}  // namespace tarsier::net
