#include "plugins/discover/consul/consul_unit.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace tarsier::discover_consul {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kRetryNs = 15 * kSecondNs;
constexpr int64_t kTimeoutNs = (kWaitSeconds + 15) * kSecondNs;  // the server adds up to a sixteenth
constexpr uint64_t kMaxBodyBytes = uint64_t{64} << 20U;

uint64_t index_of(const http::Response& response) {
  const std::string_view text = response.header("x-consul-index");
  uint64_t index = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), index);
  return fault == std::errc() && end == text.data() + text.size() ? index : 0;
}

}  // namespace

std::string ConsulUnit::url(const Watch& watch) const {
  switch (watch.kind) {
    case Watch::Kind::agent:
      return agent_url(settings_);
    case Watch::Kind::catalog:
      return catalog_url(settings_, watch.index);
    case Watch::Kind::service:
      return health_url(settings_, watch.service, watch.index);
  }
  bug("a watch of no kind");
}

Result<void> ConsulUnit::start() {
  http_ = ServiceRef<tarsier_http>(host_, TARSIER_HTTP_SERVICE);
  if (settings_.asks_catalog()) {
    share_.claim_all(subject_ + ": ");
  } else {
    for (const std::string& service : settings_.services) share_.claim(source(service));
  }
  Left left;
  const std::lock_guard guard(lock_);
  if (datacenter_.empty()) {
    root_ = std::make_shared<Watch>(Watch::Kind::agent);
    ask_later(root_, 0, left);
  } else {
    begin_after_agent();
  }
  return {};
}

void ConsulUnit::stop() {
  Left left;
  const std::lock_guard guard(lock_);
  stopped_ = true;
  if (root_ != nullptr) left.push_back(std::move(root_->timer));
  for (auto& [name, watch] : services_) left.push_back(std::move(watch->timer));
}

/// Under the lock, as all that follow but ask and take.
void ConsulUnit::begin_after_agent() {
  Left left;
  if (settings_.asks_catalog()) {
    root_ = std::make_shared<Watch>(Watch::Kind::catalog);
    ask_later(root_, 0, left);
  } else {
    for (const std::string& service : settings_.services) add_service(service);
  }
}

void ConsulUnit::add_service(const std::string& service) {
  WatchPtr& watch = services_[service];
  if (watch != nullptr) return;
  watch = std::make_shared<Watch>(Watch::Kind::service, service);
  Left left;
  ask_later(watch, 0, left);
}

void ConsulUnit::ask_later(const WatchPtr& watch, int64_t delay_ns, Left& left) {
  auto timer = after(host_, "ask Consul for " + settings_.job_name, delay_ns, [this, asked = std::weak_ptr<Watch>(watch)] {
    if (const WatchPtr held = asked.lock()) ask(held);
  });
  if (!timer) return share_.refreshed(source(*watch), std::move(timer).error().in(source(*watch)));
  left.push_back(std::move(watch->timer));
  watch->timer = std::move(*timer);
}

void ConsulUnit::ask(const WatchPtr& watch) {
  discovery::HttpQuestion question;
  question.timeout_ns = kTimeoutNs;
  question.max_body_bytes = kMaxBodyBytes;
  {
    const std::lock_guard guard(lock_);
    if (stopped_ || watch->over) return;
    watch->asked_mono_ns = host_.mono_ns();
    question.url = url(*watch);
  }
  if (!settings_.token.empty()) question.headers.emplace_back("X-Consul-Token", settings_.token);
  const auto asked =
      discovery::ask(host_, http_, settings_.http, question,
                     [self = shared_from_this(), watch](const Result<http::Response>& response) { self->take(watch, response); });
  if (!asked) take(watch, asked.error());
}

void ConsulUnit::take(const WatchPtr& watch, const Result<http::Response>& response) {
  Left left;
  const std::lock_guard guard(lock_);
  if (stopped_ || watch->over) return;
  Result<void> outcome;
  if (!response) {
    outcome = response.error();
  } else {
    const uint64_t index = index_of(*response);
    const bool is_as_before = watch->index != 0 && index == watch->index;  // the server has waited in vain
    if (!is_as_before) outcome = read_answer(*watch, response->body(), left);
    // An index that went back is that of a server that was restored: with the old one it would wait for long.
    if (outcome) watch->index = index < watch->index ? 0 : index;
  }
  share_.refreshed(source(*watch), outcome ? Result<void>() : Result<void>(Error(outcome.error()).in(source(*watch))));
  if (watch->over) return;
  const int64_t since_ns = host_.mono_ns() - watch->asked_mono_ns;
  ask_later(watch, outcome ? std::max<int64_t>(settings_.refresh_interval_ns - since_ns, 0) : kRetryNs, left);
}

Result<void> ConsulUnit::read_answer(Watch& watch, std::string_view body, Left& left) {
  if (watch.kind == Watch::Kind::agent) {
    auto datacenter = parse_agent(body);
    if (!datacenter) return std::move(datacenter).error();
    datacenter_ = std::move(*datacenter);
    watch.over = true;
    begin_after_agent();
  } else if (watch.kind == Watch::Kind::catalog) {
    const auto services = parse_catalog(body);
    if (!services) return services.error();
    apply(*services, left);
  } else {
    auto targets = parse_health(body, settings_, watch.service, datacenter_);
    if (!targets) return std::move(targets).error();
    share_.set(source(watch.service), std::move(*targets));
  }
  return {};
}

void ConsulUnit::apply(const Services& services, Left& left) {
  std::set<std::string> wanted;
  for (const auto& [name, tags] : services) {
    if (!settings_.wants(name, tags)) continue;
    wanted.insert(source(name));
    add_service(name);
  }
  for (auto watch = services_.begin(); watch != services_.end();) {
    if (wanted.contains(source(watch->first))) {
      ++watch;
      continue;
    }
    watch->second->over = true;
    left.push_back(std::move(watch->second->timer));
    share_.remove(source(watch->first));
    watch = services_.erase(watch);
  }
  for (const std::string& known : share_.sources())  // of the configuration that this one took over from
    if (!wanted.contains(known)) share_.remove(known);
}

}  // namespace tarsier::discover_consul
