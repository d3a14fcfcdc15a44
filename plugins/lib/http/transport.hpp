// A byte stream to a peer, whatever it runs over (TCP, a unix socket, either with TLS): everything above is compiled once against
// this. All calls, and all completions, are on the stream's own network thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/system/error_code.hpp>

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace tarsier::net {

class Transport : public std::enable_shared_from_this<Transport> {
 public:
  using Done = std::function<void(boost::system::error_code, size_t)>;
  virtual ~Transport() = default;

  /// TLS as a server or, with the name that the certificate must be for, as a client. Completes at once without TLS.
  virtual void handshake(Done done) = 0;
  /// What the handshake has agreed upon (ALPN), such as "h2"; "" when nothing.
  virtual std::string protocol() const { return {}; }
  /// At most one at a time; the buffer stays until done.
  virtual void read_some(char* to, size_t size, Done done) = 0;
  /// At most one at a time; may take only part; both stay until done. `first` is not empty.
  virtual void write_some(std::string_view first, std::string_view second, Done done) = 0;
  /// Tells the peer that nothing more will come (close_notify, FIN).
  virtual void shutdown(Done done) = 0;
  /// What is pending completes with an error.
  virtual void close() = 0;
  /// False when the peer has closed an idle stream, or has sent something that nobody asked for.
  virtual bool is_idle_and_open() = 0;
  /// After a failed handshake as a client: what was wrong with the certificate, or "".
  virtual std::string certificate_problem() const { return {}; }
  virtual boost::asio::io_context& context() = 0;
};

}  // namespace tarsier::net
