// Notifications: what people must know now, for who asks and for who stays to hear of it.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/query/promql/api/host_state.hpp"
#include "tarsier/host.hpp"
#include "tarsier/http.hpp"
#include "tarsier/scheduler.hpp"
#include "tarsier/stop_notice.hpp"

namespace tarsier::promql {

class Notifications {
 public:
  static constexpr size_t kMaxSubscribers = 16;

  using ReadState = std::function<Result<HostState>()>;

  Notifications(const Host& host, ReadState read_state);
  Notifications(const Notifications&) = delete;
  Notifications& operator=(const Notifications&) = delete;
  /// Ends the streams of all subscribers.
  ~Notifications();

  /// The array of those that hold now.
  Result<void> write(json::Writer& json);
  /// Sends what holds now and each change until the client goes, as server-sent events; 204 when there are subscribers enough, as
  /// the original says it: clients then ask now and then.
  void subscribe(const http::Request& request, const http::Exchange& exchange);

 private:
  struct Notification {
    std::string_view text;
    std::string since;
  };

  void end_all();
  void look();
  /// Reads the host's state again and tells the subscribers what has changed. With the lock held.
  Result<void> refresh();
  void set(std::string_view text, bool holds);
  void tell_all(std::string_view event);
  void drop_gone();
  static void write(json::Writer& json, const Notification& notification, bool active);
  static std::string event(const Notification& notification, bool active);

  const Host& host_;
  const ReadState read_state_;
  std::mutex mutex_;  // guards what follows
  std::vector<Notification> active_;
  std::vector<http::Exchange> subscribers_;
  bool stopping_ = false;
  uint64_t looks_ = 0;
  // From the first subscriber on; they end before the rest.
  Timer timer_;
  StopNotice stop_notice_;
};

}  // namespace tarsier::promql
