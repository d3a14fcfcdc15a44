#include "plugins/query/promql/api/notifications.hpp"

#include <algorithm>
#include <utility>

#include "plugins/lib/time/rfc3339.hpp"
#include "plugins/query/promql/api/envelope.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kReloadFailed = "Configuration reload has failed.";
constexpr int64_t kLookEveryNs = 1'000'000'000;  // the host tells nobody when its state changes
constexpr uint64_t kLooksBetweenSigns = 15;
constexpr std::string_view kSignOfLife = ":\n\n";  // a comment: the network notices by it that a client is no more there

}  // namespace

Notifications::Notifications(const Host& host, ReadState read_state) : host_(host), read_state_(std::move(read_state)) {}

Notifications::~Notifications() {
  Timer ending;
  {
    const std::lock_guard lock(mutex_);
    std::swap(ending, timer_);
  }
  ending = {};  // waits for look(), which wants the lock
  end_all();
}

Result<void> Notifications::write(json::Writer& json) {
  const std::lock_guard lock(mutex_);
  if (auto read = refresh(); !read) return read;
  json.begin_array();
  for (const Notification& notification : active_) write(json, notification, true);
  json.end_array();
  return {};
}

void Notifications::subscribe(const http::Request& request, const http::Exchange& exchange) {
  const tarsier_pair headers[] = {{str("content-type"), str("text/event-stream")}, {str("cache-control"), str("no-cache")}};
  // HEAD asks what there would be, and does not stay.
  if (request.is(TARSIER_HTTP_HEAD)) return exchange.api()->respond(exchange.raw(), 200, headers, std::size(headers), bytes(""));
  const std::lock_guard lock(mutex_);
  if (auto read = refresh(); !read) return refuse(exchange, read.error());
  drop_gone();
  if (subscribers_.size() >= kMaxSubscribers) return exchange.api()->respond(exchange.raw(), 204, nullptr, 0, bytes(""));
  if (!timer_) {
    auto timer = every(host_, {.name = "notifications", .interval_ns = kLookEveryNs}, [this] { look(); });
    if (!timer) return refuse(exchange, timer.error());
    // The host waits for what is open before it stops an instance, so these streams end when it says so.
    auto notice = StopNotice::ask(host_, "notifications stop", [this] { end_all(); });
    if (!notice) return refuse(exchange, notice.error());
    timer_ = std::move(*timer);
    stop_notice_ = std::move(*notice);
  }
  if (stopping_) return exchange.respond(503, "text/plain; charset=utf-8", "Service Unavailable\n");
  exchange.api()->begin(exchange.raw(), 200, headers, std::size(headers));
  exchange.write(kSignOfLife);  // so that the client sees at once that it is connected
  for (const Notification& notification : active_) exchange.write(event(notification, true));
  subscribers_.push_back(exchange);
}

void Notifications::end_all() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const http::Exchange& subscriber : std::exchange(subscribers_, {})) subscriber.end();
}

void Notifications::look() {
  const std::lock_guard lock(mutex_);
  drop_gone();
  if (subscribers_.empty()) return;
  if (auto read = refresh(); !read) return host_.warn(read.error().message());
  if (++looks_ % kLooksBetweenSigns == 0) tell_all(kSignOfLife);
}

Result<void> Notifications::refresh() {
  const auto state = read_state_();
  if (!state) return state.error();
  set(kReloadFailed, state->config_ok && !*state->config_ok);
  return {};
}

void Notifications::set(std::string_view text, bool holds) {
  const auto known = std::find_if(active_.begin(), active_.end(), [&](const Notification& one) { return one.text == text; });
  if (holds == (known != active_.end())) return;
  if (holds) {
    active_.push_back({text, print_rfc3339(host_.now_ns())});
    return tell_all(event(active_.back(), true));
  }
  tell_all(event(*known, false));
  active_.erase(known);
}

/// A client that takes nothing for so long that the server keeps no more for it is cut off.
void Notifications::tell_all(std::string_view event) {
  std::erase_if(subscribers_, [&](const http::Exchange& subscriber) {
    const bool taken = subscriber.write(event) == TARSIER_OK;
    if (!taken) subscriber.end(true);
    return !taken;
  });
}

void Notifications::drop_gone() {
  std::erase_if(subscribers_, [](const http::Exchange& subscriber) {
    const bool gone = subscriber.cancelled();
    if (gone) subscriber.end(true);
    return gone;
  });
}

void Notifications::write(json::Writer& json, const Notification& notification, bool active) {
  json.begin_object().key("text").string(notification.text).key("date").string(notification.since);
  json.key("active").boolean(active).end_object();
}

std::string Notifications::event(const Notification& notification, bool active) {
  json::Writer json;
  write(json, notification, active);
  return "data: " + json.take() + "\n\n";
}

}  // namespace tarsier::promql
