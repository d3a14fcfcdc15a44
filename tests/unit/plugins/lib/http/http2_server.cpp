#include "tests/unit/plugins/lib/http/http2_server.hpp"

#include <arpa/inet.h>
#include <csignal>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tarsier::net::test {
namespace {

/// Takes the protocol of the server from what a client offers.
int choose(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned in_size, void* user) {
  const auto& wanted = *static_cast<const std::string*>(user);
  for (unsigned at = 0; at < in_size; at += 1U + in[at]) {
    if (std::string_view(reinterpret_cast<const char*>(in + at + 1), in[at]) != wanted) continue;
    *out = in + at + 1;
    *size = in[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

uint32_t Http2Frame::number() const {
  uint32_t value = 0;
  for (size_t i = 0; i < 4 && i < payload.size(); ++i) value = (value << 8U) | static_cast<unsigned char>(payload[i]);
  return value;
}

std::string number_bytes(uint32_t value) {
  std::string out;
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>((value >> shift) & 255U));
  return out;
}

std::string ok_head(int32_t stream, bool end) { return frame_bytes(Http2Frame::kHeaders, end ? 5 : 4, stream, "\x88"); }

std::string ok_answer(int32_t stream, std::string_view body) {
  return ok_head(stream) + frame_bytes(Http2Frame::kData, 1, stream, body);
}

Http2Server::Connection::~Connection() { SSL_free(tls_); }

bool Http2Server::Connection::send(std::string_view bytes) {
  return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())) == static_cast<int>(bytes.size());
}

std::string Http2Server::Connection::read_bytes(size_t size) {
  std::string out(size, '\0');
  for (size_t have = 0; have < size;) {
    const int got = SSL_read(tls_, out.data() + have, static_cast<int>(size - have));
    if (got <= 0) return {};
    have += static_cast<size_t>(got);
  }
  return out;
}

Http2Frame Http2Server::Connection::read() {
  if (!std::exchange(begun_, true)) {
    EXPECT_EQ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", read_bytes(24));
  }
  const std::string head = read_bytes(9);
  if (head.empty()) return {};
  const auto byte = [&](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(head[at])); };
  const uint32_t stream = (byte(5) << 24U) | (byte(6) << 16U) | (byte(7) << 8U) | byte(8);
  const size_t size = (byte(0) << 16U) | (byte(1) << 8U) | byte(2);
  return {static_cast<uint8_t>(byte(3)), static_cast<uint8_t>(byte(4)), static_cast<int32_t>(stream),
          size > 0 ? read_bytes(size) : ""};
}

Http2Frame Http2Server::Connection::read_to(uint8_t type) {
  while (true) {
    Http2Frame frame = read();
    if (frame.type == type || frame.type == Http2Frame::kNothing) return frame;
  }
}

void Http2Server::Connection::serve(int count) {
  for (; count > 0; --count) {
    const Http2Frame request = read_to(Http2Frame::kHeaders);
    if (request.type == Http2Frame::kNothing || !send(ok_answer(request.stream))) return;
  }
}

std::string Http2Server::Connection::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

Http2Server::Http2Server(std::function<void(Connection&, int)> serve, std::string protocol)
    : serve_(std::move(serve)), protocol_(std::move(protocol)), context_(SSL_CTX_new(TLS_server_method())) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that clients have closed
  write_certificate(folder_.file("cert"), folder_.file("key"), "double");
  SSL_CTX_use_certificate_file(context_, folder_.file("cert").c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_use_PrivateKey_file(context_, folder_.file("key").c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_alpn_select_cb(context_, choose, const_cast<std::string*>(&protocol_));
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(0, ::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)));
  EXPECT_EQ(0, ::listen(listener_, 64));
  socklen_t size = sizeof(at);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  acceptor_ = std::thread([this] { accept(); });
}

void Http2Server::accept() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const timeval limit{20, 0};
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const bool ignored = ignores_;
    sockets_.push_back(socket);
    const int nth = connections_++;
    if (ignored) continue;
    threads_.emplace_back([this, socket, nth] {
      SSL* tls = SSL_new(context_);
      SSL_set_fd(tls, socket);
      {
        Connection connection(tls);
        if (SSL_accept(tls) == 1) serve_(connection, nth);
      }
      ::shutdown(socket, SHUT_RDWR);
    });
  }
}

Http2Server::~Http2Server() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  for (std::thread& each : threads_) each.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
  SSL_CTX_free(context_);
}

std::string Http2Server::url(std::string_view path) const {
  return "https://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

}  // namespace tarsier::net::test
