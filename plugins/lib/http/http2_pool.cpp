#include "plugins/lib/http/http2_pool.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace tarsier::net {
namespace {

constexpr size_t kAll = std::numeric_limits<size_t>::max();
constexpr size_t kMostRemembered = 4096;  // servers; beyond it they are found out anew

bool is_among(const Http2Pool::Refusers& refusers, const Http2ClientConnection& connection) {
  return std::ranges::any_of(refusers, [&](const auto& each) { return each.get() == &connection; });
}

}  // namespace

std::shared_ptr<Http2ClientConnection> Http2Pool::take(const std::string& key, const Refusers& but) {
  const auto site = sites_.find(key);
  if (site == sites_.end()) return nullptr;
  for (Member& each : site->second.members) {
    if (each.connection->room() == 0 || is_among(but, *each.connection)) continue;
    if (each.rest) idle_->rouse(*std::exchange(each.rest, std::nullopt));
    return each.connection;
  }
  return nullptr;
}

bool Http2Pool::must_wait(const std::string& key, const Refusers& but) const {
  const auto site = sites_.find(key);
  if (site == sites_.end()) return false;
  if (site->second.dialling && !plain_.contains(key)) return true;
  return std::ranges::any_of(site->second.members, [&](const Member& each) {
    return each.connection->may_get_room() && !is_among(but, *each.connection);
  });
}

bool Http2Pool::is_dialling(const std::string& key) const {
  const auto site = sites_.find(key);
  return site != sites_.end() && site->second.dialling;
}

void Http2Pool::close() {
  for (const auto& [key, site] : sites_)
    for (const Member& each : site.members) each.connection->close();
}

Http2Pool::Member* Http2Pool::find(const Http2ClientConnection& connection) {
  const auto site = sites_.find(connection.key());
  if (site == sites_.end()) return nullptr;
  const auto found =
      std::ranges::find_if(site->second.members, [&](const Member& each) { return each.connection.get() == &connection; });
  return found != site->second.members.end() ? &*found : nullptr;
}

void Http2Pool::moved(Http2ClientConnection& connection) {
  Member* member = find(connection);
  if (member == nullptr) return;
  const std::string key = connection.key();
  Site& site = sites_.at(key);
  if (!connection.leaving()) return settle(site, *member);
  if (member->rest) idle_->rouse(*member->rest);
  const auto kept = std::move(member->connection);
  site.members.erase(site.members.begin() + (member - site.members.data()));
  wake(site, kAll);  // perhaps they have waited for this one
  forget_empty(key);
}

void Http2Pool::settle(Site& site, Member& member) {
  Http2ClientConnection& connection = *member.connection;
  if (connection.resting() && !member.rest) {
    member.rest = idle_->rest([weak = weak_from_this(), which = connection.weak_from_this()] {
      if (const auto self = weak.lock()) self->put_away(which);
    });
    if (!member.rest) return connection.close();
  }
  // Whoever waits for room that will not come has to open another connection.
  const size_t least = site.dialling || connection.may_get_room() ? 0 : 1;
  wake(site, std::max(connection.room(), least));
}

void Http2Pool::put_away(const std::weak_ptr<Http2ClientConnection>& connection) {
  const auto kept = connection.lock();
  Member* member = kept ? find(*kept) : nullptr;
  if (member == nullptr) return;
  member->rest.reset();
  kept->close();
}

void Http2Pool::wake(Site& site, size_t count, const Error* failure) {
  for (; count > 0 && !site.waiting.empty(); --count) {
    Wait& first = *site.waiting.front();
    site.waiting.pop_front();
    first.woken_ = true;
    if (failure != nullptr) first.failure_ = *failure;
    first.wake_();
  }
}

void Http2Pool::wake(const std::string& key, size_t count, const Error* failure) {
  if (const auto site = sites_.find(key); site != sites_.end()) wake(site->second, count, failure);
}

void Http2Pool::forget_empty(const std::string& key) {
  const auto site = sites_.find(key);
  if (site == sites_.end()) return;
  if (site->second.members.empty() && !site->second.dialling && site->second.waiting.empty()) sites_.erase(site);
}

Http2Pool::Dial::Dial(Http2Pool& pool, std::string key)
    : pool_(pool), key_(std::move(key)), leads_(!std::exchange(pool.sites_[key_].dialling, true)) {}

Http2Pool::Dial::~Dial() {
  if (leads_) {
    pool_.sites_[key_].dialling = false;
    pool_.wake(key_, 1);
  }
  pool_.forget_empty(key_);
}

std::shared_ptr<Http2ClientConnection> Http2Pool::Dial::spoke_http2(std::shared_ptr<Transport> transport) {
  auto connection = std::make_shared<Http2ClientConnection>(std::move(transport), key_, pool_.times_, pool_.weak_from_this());
  pool_.plain_.erase(key_);
  Site& site = pool_.sites_[key_];
  site.members.push_back({connection, std::nullopt});
  connection->start();
  wake(site, kAll);
  return connection;
}

void Http2Pool::Dial::spoke_http1() {
  if (pool_.plain_.size() >= kMostRemembered) pool_.plain_.clear();
  pool_.plain_.insert(key_);
  pool_.wake(key_, kAll);
}

void Http2Pool::Dial::failed(const Error& error) {
  if (error.code() != TARSIER_DEADLINE && error.code() != TARSIER_CANCELLED && leads_) pool_.wake(key_, kAll, &error);
}

Http2Pool::Wait::Wait(Http2Pool& pool, const std::string& key, std::function<void()> wake)
    : pool_(pool), key_(key), wake_(std::move(wake)) {
  Site& site = pool_.sites_[key_];
  place_ = site.waiting.insert(site.waiting.end(), this);
}

Http2Pool::Wait::~Wait() {
  if (!woken_) {
    pool_.sites_.at(key_).waiting.erase(place_);
    pool_.forget_empty(key_);
  } else if (!gone_on_ && !failure_) {
    pool_.wake(key_, 1);
  }
}

}  // namespace tarsier::net
