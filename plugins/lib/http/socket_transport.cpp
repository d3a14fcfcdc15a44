// PlainTransport and TlsTransport: Asio's socket and ssl::stream behind Transport.
#include "plugins/lib/http/socket_transport.hpp"

#include <array>
#include <cerrno>
#include <new>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "plugins/lib/http/headers.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

void close_socket(StreamSocket& socket) {
  error_code ignored;  // a socket that cannot be closed is gone already
  socket.close(ignored);
}

/// What a look at the socket shows without taking anything: 1 bytes wait, 0 the peer closed, -1 quiet, -2 broken.
int peek(StreamSocket& socket) {
  char byte = 0;
  const ssize_t size = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (size > 0) return 1;
  if (size == 0) return 0;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? -1 : -2;
}

class PlainTransport final : public Transport {
 public:
  PlainTransport(asio::io_context& context, StreamSocket socket) : context_(context), socket_(std::move(socket)) {}

  void handshake(Done done) override {
    asio::post(context_, [done = std::move(done)] { done(error_code(), 0); });
  }
  void read_some(char* to, size_t size, Done done) override {
    socket_.async_read_some(asio::buffer(to, size),
                            [self = shared_from_this(), done = std::move(done)](error_code ec, size_t n) { done(ec, n); });
  }
  void write_some(std::string_view first, std::string_view second, Done done) override {
    const std::array<asio::const_buffer, 2> pieces = {asio::buffer(first.data(), first.size()),
                                                      asio::buffer(second.data(), second.size())};
    socket_.async_write_some(pieces, [self = shared_from_this(), done = std::move(done)](error_code ec, size_t n) { done(ec, n); });
  }
  void shutdown(Done done) override {
    error_code ec;
    socket_.shutdown(asio::socket_base::shutdown_send, ec);
    asio::post(context_, [done = std::move(done), ec] { done(ec, 0); });
  }
  void close() override { close_socket(socket_); }
  bool is_idle_and_open() override { return peek(socket_) == -1; }
  asio::io_context& context() override { return context_; }

 private:
  asio::io_context& context_;
  StreamSocket socket_;
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(asio::io_context& context, StreamSocket socket, std::shared_ptr<asio::ssl::context> tls,
               asio::ssl::stream_base::handshake_type type)
      : context_(context), tls_(std::move(tls)), stream_(std::move(socket), *tls_), type_(type) {}

  /// For clients, before the handshake.
  void expect_server(const std::string& name, bool verify) {
    if (!is_address(name)) SSL_set_tlsext_host_name(stream_.native_handle(), name.c_str());  // SNI has no addresses
    stream_.set_verify_mode(verify ? asio::ssl::verify_peer : asio::ssl::verify_none);
    if (verify) stream_.set_verify_callback(asio::ssl::host_name_verification(name));
  }
  /// False for want of memory.
  bool offer_http2() {
    static constexpr unsigned char kOffered[] = "\x02h2\x08http/1.1";
    return SSL_set_alpn_protos(stream_.native_handle(), kOffered, sizeof(kOffered) - 1) == 0;
  }

  void handshake(Done done) override {
    stream_.async_handshake(type_, [self = shared_from_this(), done = std::move(done)](error_code ec) { done(ec, 0); });
  }
  std::string protocol() const override {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(const_cast<asio::ssl::stream<StreamSocket>&>(stream_).native_handle(), &name, &size);
    return name == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(name), size);
  }
  void read_some(char* to, size_t size, Done done) override {
    stream_.async_read_some(asio::buffer(to, size),
                            [self = shared_from_this(), done = std::move(done)](error_code ec, size_t n) { done(ec, n); });
  }
  void write_some(std::string_view first, std::string_view, Done done) override {
    stream_.async_write_some(asio::buffer(first.data(), first.size()),
                             [self = shared_from_this(), done = std::move(done)](error_code ec, size_t n) { done(ec, n); });
  }
  void shutdown(Done done) override {
    stream_.async_shutdown([self = shared_from_this(), done = std::move(done)](error_code ec) { done(ec, 0); });
  }
  void close() override { close_socket(stream_.next_layer()); }
  bool is_idle_and_open() override {
    const int seen = peek(stream_.next_layer());
    return seen == -1 || seen == 1;  // what waits may be a session ticket
  }
  std::string certificate_problem() const override {
    auto* native = const_cast<asio::ssl::stream<StreamSocket>&>(stream_).native_handle();
    const long result = SSL_get_verify_result(native);
    return result == X509_V_OK ? std::string() : X509_verify_cert_error_string(result);
  }
  asio::io_context& context() override { return context_; }

 private:
  asio::io_context& context_;
  std::shared_ptr<asio::ssl::context> tls_;  // a reload replaces the entrypoint's, not ours
  asio::ssl::stream<StreamSocket> stream_;
  const asio::ssl::stream_base::handshake_type type_;
};

}  // namespace

std::shared_ptr<Transport> make_plain_transport(asio::io_context& context, StreamSocket socket) {
  return std::make_shared<PlainTransport>(context, std::move(socket));
}

std::shared_ptr<Transport> make_tls_server_transport(asio::io_context& context, StreamSocket socket,
                                                     std::shared_ptr<asio::ssl::context> tls) {
  return std::make_shared<TlsTransport>(context, std::move(socket), std::move(tls), asio::ssl::stream_base::server);
}

std::shared_ptr<Transport> make_tls_client_transport(asio::io_context& context, StreamSocket socket,
                                                     std::shared_ptr<asio::ssl::context> tls, const std::string& server_name,
                                                     bool verify, bool offer_http2) {
  auto transport = std::make_shared<TlsTransport>(context, std::move(socket), std::move(tls), asio::ssl::stream_base::client);
  transport->expect_server(server_name, verify);
  if (offer_http2 && !transport->offer_http2()) throw std::bad_alloc();
  return transport;
}

}  // namespace tarsier::net
