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
#include "plugins/lib/http/inbox.hpp"
#include "plugins/lib/http/message_parser.hpp"
#include "plugins/lib/http/socket_transport.hpp"
#include "plugins/lib/http/url.hpp"

namespace tarsier::net {

/// The system's words in lower case, as the middle of a sentence.
std::string words(const boost::system::error_code& ec);
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
    bool begun = false;    // on_piece knows the head
    std::string waiting;   // of the body as it was sent, for on_piece
    std::string unpacked;  // of that
    uint64_t handed_over = 0;
  };

  Awaitable<void> run();
  Awaitable<Result<ClientResponse>> follow();
  Awaitable<Result<ClientResponse>> exchange_once(const Url& url);
  Awaitable<Result<std::shared_ptr<Transport>>> connect(const Url& url);
  Awaitable<Result<std::vector<boost::asio::generic::stream_protocol::endpoint>>> resolve(const Url& url);
  /// On the connection to the proxy: from then on it is one to the server of the URL.
  Awaitable<Result<void>> tunnel(const Url& url, const Url& proxy);
  Awaitable<Result<void>> send_connect(const std::string& what);
  Awaitable<Result<void>> receive_connect(const std::string& what);
  Awaitable<Result<ClientResponse>> transfer(const Url& url, const std::shared_ptr<Transport>& transport);
  Awaitable<Result<void>> receive(MessageParser& parser, Answer& answer, const Url& url);
  void take_whole(MessageParser& parser, Answer& answer);
  Result<void> finish_body(const MessageParser& parser, Answer& answer);
  /// What has come of the body, to on_piece.
  Awaitable<Result<void>> hand_over_body(MessageParser& parser, Answer& answer);
  Awaitable<Result<void>> hand_over_unpacked(Answer& answer);
  Awaitable<Result<void>> hand_over(const ClientResponse& head, std::string_view piece);
  /// Waits until `ready`, the deadline, a silence that is too long or a cancellation; these are errors.
  Awaitable<Result<void>> wait_for(const bool& ready, const std::string& what);

  bool is_followed(uint32_t code, const Headers& headers) const;
  Result<void> prepare_redirect(Url& url, const ClientResponse& response);
  std::string request_head(const Url& url) const;
  std::string why_broken(bool answer_begun) const;
  std::string connect_head(const std::string& target, const Url& proxy) const;
  /// Null: none.
  const Url* proxy_for(const Url& url) const { return setup_.proxy ? setup_.proxy->proxy_for(url) : nullptr; }
  std::string pool_key(const Url& url) const {
    return url.origin() + "|" + setup_.tls_key + (proxy_for(url) != nullptr ? setup_.proxy->key() : "");
  }
  void forget_received();
  void read_more();
  void write_more();

  boost::asio::io_context& context_;
  Setup setup_;
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
  bool piece_taken_ = false;
  Result<void> piece_outcome_;  // written by a worker before piece_taken_ is set here
};

}  // namespace tarsier::net
