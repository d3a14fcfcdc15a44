// ConnectionPool: the client's idle connections on one network thread; the longest idle goes first when there are too many. Those
// of HTTP/1.1 are kept here by origin, those of HTTP/2 by Http2Pool. Inside the library only; all calls are on that thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "plugins/lib/http/client.hpp"
#include "plugins/lib/http/event.hpp"
#include "plugins/lib/http/transport.hpp"

namespace tarsier::net {

class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  ConnectionPool(boost::asio::io_context& context, size_t max_idle, std::chrono::nanoseconds idle_timeout, ClientStats& stats);

  /// An open connection of that key, the last used first, or null.
  std::shared_ptr<Transport> take(const std::string& key);
  void give(const std::string& key, std::shared_ptr<Transport> transport);
  void close();

 private:
  struct Idle {
    std::string key;
    std::shared_ptr<Transport> transport;  // or none
    std::function<void()> put_away;        // then this
    Moment since;
  };
  using Idles = std::list<Idle>;  // the longest idle first

 public:
  using Rest = Idles::iterator;
  /// A connection that somebody else keeps has nothing to do. `put_away` closes it, unless rouse() comes first; none: there is no
  /// room, it is to be closed at once.
  std::optional<Rest> rest(std::function<void()> put_away);
  void rouse(Rest rest);

 private:
  bool make_room();
  void put_away(Idles::iterator idle);
  std::shared_ptr<Transport> remove(Idles::iterator idle);
  void arm();
  void expire();

  boost::asio::steady_timer timer_;
  const size_t max_idle_;
  const std::chrono::nanoseconds idle_timeout_;
  ClientStats& stats_;
  Idles idles_;
  std::unordered_map<std::string, std::vector<Idles::iterator>> by_key_;
  bool armed_ = false;
  bool closed_ = false;
};

}  // namespace tarsier::net
