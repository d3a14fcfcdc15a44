// ConnectionPool: a list in order of idleness, an index by key, and one timer that is armed only while something is idle.
#include "plugins/lib/http/connection_pool.hpp"

#include <algorithm>
#include <utility>

namespace tarsier::net {

ConnectionPool::ConnectionPool(boost::asio::io_context& context, size_t max_idle, std::chrono::nanoseconds idle_timeout,
                               ClientStats& stats)
    : timer_(context), max_idle_(max_idle), idle_timeout_(idle_timeout), stats_(stats) {}

std::shared_ptr<Transport> ConnectionPool::remove(Idles::iterator idle) {
  const auto entry = by_key_.find(idle->key);
  std::erase(entry->second, idle);
  if (entry->second.empty()) by_key_.erase(entry);
  auto transport = std::move(idle->transport);
  idles_.erase(idle);
  stats_.idle.fetch_sub(1, std::memory_order_relaxed);
  return transport;
}

std::shared_ptr<Transport> ConnectionPool::take(const std::string& key) {
  while (true) {
    const auto entry = by_key_.find(key);
    if (entry == by_key_.end()) return nullptr;
    auto transport = remove(entry->second.back());
    if (transport->is_idle_and_open()) return transport;
    transport->close();
  }
}

bool ConnectionPool::make_room() {
  if (closed_ || max_idle_ == 0) return false;
  if (idles_.size() >= max_idle_) put_away(idles_.begin());
  return true;
}

void ConnectionPool::give(const std::string& key, std::shared_ptr<Transport> transport) {
  if (!make_room()) return transport->close();
  idles_.push_back({key, std::move(transport), nullptr, moment_now()});
  by_key_[key].push_back(std::prev(idles_.end()));
  stats_.idle.fetch_add(1, std::memory_order_relaxed);
  arm();
}

std::optional<ConnectionPool::Rest> ConnectionPool::rest(std::function<void()> put_away) {
  if (!make_room()) return std::nullopt;
  idles_.push_back({{}, nullptr, std::move(put_away), moment_now()});
  stats_.idle.fetch_add(1, std::memory_order_relaxed);
  arm();
  return std::prev(idles_.end());
}

void ConnectionPool::rouse(Rest rest) {
  idles_.erase(rest);
  stats_.idle.fetch_sub(1, std::memory_order_relaxed);
}

void ConnectionPool::put_away(Idles::iterator idle) {
  if (idle->transport) return remove(idle)->close();
  const auto put_away = std::move(idle->put_away);
  rouse(idle);
  put_away();
}

void ConnectionPool::close() {
  closed_ = true;
  while (!idles_.empty()) put_away(idles_.begin());
  timer_.cancel();
}

void ConnectionPool::arm() {
  if (armed_ || idles_.empty() || closed_) return;
  armed_ = true;
  timer_.expires_at(idles_.front().since + idle_timeout_);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code) {
    self->armed_ = false;
    self->expire();
  });
}

void ConnectionPool::expire() {
  const Moment now = moment_now();
  while (!idles_.empty() && idles_.front().since + idle_timeout_ <= now) put_away(idles_.begin());
  arm();
}

}  // namespace tarsier::net
