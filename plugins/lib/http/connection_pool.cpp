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

void ConnectionPool::give(const std::string& key, std::shared_ptr<Transport> transport) {
  if (closed_ || max_idle_ == 0) return transport->close();
  if (idles_.size() >= max_idle_) remove(idles_.begin())->close();
  idles_.push_back({key, std::move(transport), moment_now()});
  by_key_[key].push_back(std::prev(idles_.end()));
  stats_.idle.fetch_add(1, std::memory_order_relaxed);
  arm();
}

void ConnectionPool::close() {
  closed_ = true;
  while (!idles_.empty()) remove(idles_.begin())->close();
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
  while (!idles_.empty() && idles_.front().since + idle_timeout_ <= now) remove(idles_.begin())->close();
  arm();
}

}  // namespace tarsier::net
