// One call of the client as a coroutine. Inside the library only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "plugins/lib/http/client.hpp"
#include "plugins/lib/http/compression.hpp"
#include "plugins/lib/http/connection_pool.hpp"
#include "plugins/lib/http/event.hpp"
#include "plugins/lib/http/http2_pool.hpp"
#include "plugins/lib/http/inbox.hpp"
#include "plugins/lib/http/message_parser.hpp"
#include "plugins/lib/http/socket_transport.hpp"
#include "plugins/lib/http/url.hpp"

namespace tarsier::net {

/// Of an answer that was unpacked.
void forget_coding(Headers& headers);

class Call final : public std::enable_shared_from_this<Call> {
 public:
  struct Setup {
    ClientRequest request;
    Url url;
    std::shared_ptr<boost::asio::ssl::context> tls;  // null when never needed
    std::string tls_key;
    std::optional<ProxyRules> proxy;
    std::shared_ptr<ConnectionPool> pool;
    std::shared_ptr<Http2Pool> http2;
    ClientStats* stats = nullptr;
    Executor* executor = nullptr;
    std::string user_agent;
    Client::OnPiece on_piece;  // or none: the body comes with `done`
    Client::Done done;
    std::function<void()> over;  // [net] last
  };
  Call(boost::asio::io_context& context, Setup setup);
  void start();
  /// [any] While the network thread lives.
  void cancel();

 private:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  /// An answer while it comes.
  struct Answer {
    ClientResponse response;
    std::unique_ptr<Decoder> decoder;
    bool is_gzip = false;  // and is unpacked when all of it is there
    bool is_cut = false;   // the body is longer than it may be, which is no failure
    bool begun = false;    // on_piece knows the head
    std::string waiting;   // of the body as it was sent, for on_piece
    std::string unpacked;  // of that
    uint64_t handed_over = 0;
    uint64_t received = 0;  // of the body as it was sent; HTTP/2
  };

  /// What a request goes by: one of both.
  struct Carrier {
    std::shared_ptr<Transport> transport;
    std::shared_ptr<Http2ClientConnection> http2;
    bool reused = false;
  };

  Awaitable<void> run();
  Awaitable<Result<ClientResponse>> follow();
  Awaitable<Result<ClientResponse>> exchange_once(const Url& url);
  /// None of those that refused it; and with `fresh` none that has rested and cannot say whether it is still open.
  Awaitable<Result<Carrier>> find_carrier(const Url& url, const Http2Pool::Refusers& but, bool fresh);
  Awaitable<Result<Carrier>> open_carrier(const Url& url, const std::string& key);
  Awaitable<Result<std::shared_ptr<Transport>>> connect(const Url& url);
  /// Takes the socket.
  Awaitable<Result<std::shared_ptr<Transport>>> secure(const Url& url, StreamSocket& socket);
  Awaitable<Result<std::vector<boost::asio::generic::stream_protocol::endpoint>>> resolve(const Url& url);
  /// On the connection to the proxy: from then on it is one to the server of the URL.
  Awaitable<Result<void>> tunnel(const Url& url, const Url& proxy);
  Awaitable<Result<void>> send_connect(const std::string& what);
  Awaitable<Result<void>> receive_connect(const std::string& what);
  Awaitable<Result<ClientResponse>> transfer(const Url& url, const std::shared_ptr<Transport>& transport);
  Awaitable<Result<void>> receive(MessageParser& parser, Answer& answer, const Url& url);
  Awaitable<Result<ClientResponse>> transfer_http2(const Url& url, Http2ClientConnection& connection);
  Awaitable<Result<void>> receive_http2(Http2ClientStream& stream, Answer& answer, const Url& url);
  Awaitable<Result<void>> take_body(Http2ClientStream& stream, Answer& answer);
  Result<void> add_to_body(const MessageHead& head, std::string_view piece, Answer& answer);
  Result<ClientResponse> finish(MessageHead& head, Answer& answer);
  /// What has come of the body, to on_piece.
  Awaitable<Result<void>> hand_over_body(const MessageHead& head, Answer& answer);
  Awaitable<Result<void>> hand_over_unpacked(Answer& answer);
  Awaitable<Result<void>> hand_over(const ClientResponse& head, std::string_view piece);
  /// Waits until `ready`, the deadline, a silence that is too long or a cancellation; these are errors.
  Awaitable<Result<void>> wait_for(const bool& ready, const std::string& what);
  Awaitable<Result<bool>> wait_for_others(const Url& url, const std::string& key);

  bool is_followed(uint32_t code, const Headers& headers) const;
  Result<void> prepare_redirect(Url& url, const ClientResponse& response);
  Headers request_fields(const Url& url) const;
  std::string request_head(const Url& url) const;
  Headers http2_head(const Url& url) const;
  bool offers_http2(const Url& url) const { return setup_.request.http2 && url.scheme == "https"; }
  std::string why_broken(bool answer_begun) const;
  std::string connect_head(const std::string& target, const Url& proxy) const;
  /// Null: none.
  const Url* proxy_for(const Url& url) const { return setup_.proxy ? setup_.proxy->proxy_for(url) : nullptr; }
  std::string pool_key(const Url& url) const {
    return url.origin() + (offers_http2(url) ? "|h2|" : "|") + setup_.tls_key +
           (proxy_for(url) != nullptr ? setup_.proxy->key() : "");
  }
  void forget_received();
  void read_more();
  void write_more();

  boost::asio::io_context& context_;
  Setup setup_;
  std::shared_ptr<const std::string> body_;  // of the request
  Event event_;
  const Moment begun_ = moment_now();
  const Moment deadline_;
  bool cancelled_ = false;

  // What is under way; completions only touch these, and the call outlives them.
  std::optional<boost::asio::ip::tcp::resolver> resolver_;
  std::optional<StreamSocket> connecting_;
  std::shared_ptr<Transport> transport_;
  bool step_done_ = false;
  boost::system::error_code step_error_;
  std::vector<boost::asio::generic::stream_protocol::endpoint> resolved_;
  Inbox inbox_;
  Inbox abandoned_;  // a read of a connection that was given up may still end there
  std::string head_;
  size_t written_ = 0;  // of head and body together
  bool reading_ = false;
  bool writing_ = false;
  bool something_ = false;  // a read or a write completed
  boost::system::error_code read_error_;
  boost::system::error_code write_error_;
  uint64_t received_ = 0;
  bool refused_ = false;  // the server has not looked at the request
  bool piece_taken_ = false;
  Result<void> piece_outcome_;  // written by a worker before piece_taken_ is set here
};

}  // namespace tarsier::net
