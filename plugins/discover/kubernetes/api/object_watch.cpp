#include "plugins/discover/kubernetes/api/object_watch.hpp"

#include <algorithm>
#include <utility>

namespace tarsier::discover_kubernetes {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr uint32_t kPageObjects = 500;
constexpr uint32_t kMaxPages = 10'000;
constexpr uint64_t kMaxPageBytes = uint64_t{128} << 20U;
constexpr size_t kMaxLineBytes = size_t{8} << 20U;  // an object is 1.5 MiB at most
constexpr size_t kMaxObjects = 1'000'000;
constexpr size_t kMaxRefusalBytes = size_t{64} << 10U;
constexpr int64_t kListTimeoutNs = 120 * kSecondNs;
// A watch ends by itself after five to ten minutes, so that those of many clients do not begin anew at once.
constexpr int64_t kMinWatchSeconds = 300, kMaxWatchSeconds = 600;
constexpr int64_t kWatchGraceNs = 30 * kSecondNs;
// Servers send a bookmark each minute: who says nothing for longer than some of these may be gone without a word.
constexpr int64_t kQuietNs = 180 * kSecondNs;
constexpr int64_t kShortWatchNs = kSecondNs;
constexpr int64_t kFirstPauseNs = kSecondNs * 4 / 5, kMaxPauseNs = 30 * kSecondNs;

Counter events(const Host& host, Kind kind, std::string_view event) {
  return {host,
          "tarsier_discovery_kubernetes_events_total",
          "Objects that came, changed or went, as lists and watches told.",
          {field("kind", plural(kind)), field("event", event)}};
}

}  // namespace

ObjectWatch::ObjectWatch(const Host& host, Scope scope)
    : host_(host),
      scope_(std::move(scope)),
      client_(host),
      added_(events(host, scope_.kind, "add")),
      updated_(events(host, scope_.kind, "update")),
      deleted_(events(host, scope_.kind, "delete")),
      failed_(host, "tarsier_discovery_kubernetes_failures_total", "Lists and watches that failed.",
              {field("kind", plural(scope_.kind))}),
      lines_(kMaxLineBytes),
      random_(static_cast<uint32_t>(host.mono_ns() ^ static_cast<int64_t>(reinterpret_cast<uintptr_t>(this) >> 4U))) {}

// ---- who looks through it ----------------------------------------------------------------------------------------------------

void ObjectWatch::join(const std::shared_ptr<WatchListener>& listener) {
  bool first = false;
  {
    const std::lock_guard guard(lock_);
    first = listeners_.empty();
    listeners_.push_back(listener);
  }
  if (first) begin(Next::list);
}

void ObjectWatch::leave(const std::shared_ptr<WatchListener>& listener) {
  Timer timer;
  http::Stream stream;
  {
    const std::lock_guard guard(lock_);
    std::erase_if(listeners_, [&](const auto& each) { return each.expired() || each.lock() == listener; });
    if (!listeners_.empty()) return;
    over_ = true;
    timer = std::move(timer_);
    stream = std::move(stream_);
  }
  stream.cancel();
}

bool ObjectWatch::is_over() const { return stopped(); }

bool ObjectWatch::stopped() const {
  const std::lock_guard guard(lock_);
  return over_;
}

bool ObjectWatch::synced() const {
  const std::lock_guard guard(lock_);
  return synced_;
}

ObjectPtr ObjectWatch::find(const std::string& key) const {
  const std::lock_guard guard(lock_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<std::string> ObjectWatch::keys() const {
  const std::lock_guard guard(lock_);
  std::vector<std::string> keys;
  keys.reserve(objects_.size());
  for (const auto& [key, object] : objects_) keys.push_back(key);
  return keys;
}

std::vector<std::shared_ptr<WatchListener>> ObjectWatch::listeners() const {
  const std::lock_guard guard(lock_);
  std::vector<std::shared_ptr<WatchListener>> all;
  for (const auto& each : listeners_)
    if (auto listener = each.lock()) all.push_back(std::move(listener));
  return all;
}

void ObjectWatch::tell_changed(const Keys& keys) const {
  for (const auto& listener : listeners()) listener->changed(scope_.kind, keys);
}

void ObjectWatch::tell_looked(const Result<void>& outcome) const {
  for (const auto& listener : listeners()) listener->looked(scope_, outcome);
}

// ---- what is asked next ------------------------------------------------------------------------------------------------------

void ObjectWatch::begin(Next next) {
  if (stopped()) return;
  asked_mono_ns_ = host_.mono_ns();
  if (next == Next::watch) return ask_watch();
  listed_.clear();
  next_page_.clear();
  pages_ = 0;
  ask_page();
}

void ObjectWatch::again(Next next, int64_t delay_ns) {
  auto timer = after(host_, "ask for " + scope_.name(), delay_ns, [this, next] { begin(next); });
  Left left;
  const std::lock_guard guard(lock_);
  if (over_) {
    if (timer) left.push_back(std::move(*timer));
    return;
  }
  if (!timer) return;  // the instance stops
  left.push_back(std::exchange(timer_, std::move(*timer)));
}

int64_t ObjectWatch::pause_ns() {
  const int64_t pause = std::min(kMaxPauseNs, kFirstPauseNs << std::min(failures_, 10U));
  ++failures_;
  return pause + std::uniform_int_distribution<int64_t>(0, pause)(random_);
}

void ObjectWatch::fail(Error why, Next next) {
  if (stopped()) return;
  const int64_t delay_ns = pause_ns();
  failed_.add();
  tell_looked(std::move(why).in(scope_.name()));
  again(next, delay_ns);
}

// ---- lists -------------------------------------------------------------------------------------------------------------------

void ObjectWatch::ask_page() {
  const ApiClient::Limits limits = {kListTimeoutNs, 0, kMaxPageBytes};
  auto asked = client_.get(scope_.access, scope_.list_path(all_at_once_ ? 0 : kPageObjects, next_page_), limits,
                           [self = shared_from_this()](const Result<http::Response>& response) { self->take_page(response); });
  if (!asked) fail(std::move(asked).error(), Next::list);
}

void ObjectWatch::take_page(const Result<http::Response>& response) {
  if (stopped()) return;
  if (!response) return fail(response.error(), Next::list);
  if (response->code() != 200) {
    const Refusal refusal = parse_refusal(response->code(), response->body());
    all_at_once_ = refusal.is_gone() && !next_page_.empty();
    return fail(Error::unavailable(refusal.text()), Next::list);
  }
  auto page = parse_page(scope_.kind, response->body());
  if (!page) return fail(std::move(page).error(), Next::list);
  for (ObjectPtr& object : page->objects) listed_.insert_or_assign(object->meta.key(), std::move(object));
  if (listed_.size() > kMaxObjects)
    return fail(Error(TARSIER_RESOURCE, "there are more than " + std::to_string(kMaxObjects)), Next::list);
  next_page_ = std::move(page->next);
  if (!next_page_.empty()) {
    if (++pages_ == kMaxPages) return fail(Error(TARSIER_RESOURCE, "the list does not end"), Next::list);
    return ask_page();
  }
  {
    const std::lock_guard guard(lock_);
    version_ = std::move(page->version);
  }
  take_list();
}

/// What is not in the list is no more.
void ObjectWatch::take_list() {
  Keys changed;
  Objects before;
  {
    const std::lock_guard guard(lock_);
    for (const auto& [key, object] : listed_) {
      const auto known = objects_.find(key);
      const bool is_new = known == objects_.end();
      if (!is_new && known->second->meta.version == object->meta.version && known->second->meta.uid == object->meta.uid) continue;
      (is_new ? added_ : updated_).add();
      changed.push_back(key);
    }
    for (const auto& [key, object] : objects_) {
      if (listed_.contains(key)) continue;
      deleted_.add();
      changed.push_back(key);
    }
    before = std::exchange(objects_, std::exchange(listed_, {}));
    synced_ = true;
  }
  all_at_once_ = false;
  tell_looked({});
  tell_changed(changed);
  begin(Next::watch);
}

// ---- watches -----------------------------------------------------------------------------------------------------------------

void ObjectWatch::ask_watch() {
  std::string version;
  {
    const std::lock_guard guard(lock_);
    version = version_;
  }
  lines_.clear();
  refusal_body_.clear();
  watch_begun_ = watch_told_ = gone_ = false;
  const uint64_t number = ++watch_number_;
  const int64_t seconds = std::uniform_int_distribution<int64_t>(kMinWatchSeconds, kMaxWatchSeconds)(random_);
  const ApiClient::Limits limits = {seconds * kSecondNs + kWatchGraceNs, kQuietNs, 0};
  auto asked = client_.stream(
      scope_.access, scope_.watch_path(version, seconds), limits,
      [self = shared_from_this()](const http::Response& head, std::string_view piece) { return self->take_piece(head, piece); },
      [self = shared_from_this()](const Result<http::Response>& response) { self->watch_ended(response); },
      [self = shared_from_this(), number](const http::Stream& stream) { self->keep(stream, number); });
  if (!asked) fail(std::move(asked).error(), Next::watch);
}

void ObjectWatch::keep(http::Stream stream, uint64_t number) {
  {
    const std::lock_guard guard(lock_);
    if (number < stream_number_) return;  // it has ended, and the next one has begun
    stream_ = stream;
    stream_number_ = number;
    if (!over_) return;
  }
  stream.cancel();
}

Result<void> ObjectWatch::take_piece(const http::Response& head, std::string_view piece) {
  if (stopped()) return Error(TARSIER_CANCELLED, "nobody looks any more");
  if (head.code() != 200) {
    refusal_body_.append(piece.substr(0, kMaxRefusalBytes - std::min(refusal_body_.size(), kMaxRefusalBytes)));
    return {};
  }
  if (!std::exchange(watch_begun_, true)) tell_looked({});
  Keys changed;
  auto taken = lines_.feed(piece, [&](std::string_view line) { return take_line(line, changed); });
  if (!changed.empty()) tell_changed(changed);
  return taken;
}

Result<void> ObjectWatch::take_line(std::string_view line, Keys& changed) {
  auto event = parse_event(scope_.kind, line);
  if (!event) return std::move(event).error();
  if (event->type == Event::Type::error) {
    gone_ = event->refusal.is_gone();
    return Error::unavailable("the watch was ended: " + event->refusal.text());
  }
  watch_told_ = true;
  failures_ = 0;
  const std::lock_guard guard(lock_);
  version_ = event->version;
  if (event->type == Event::Type::bookmark) return {};
  const std::string key = event->object->meta.key();
  if (event->type == Event::Type::deleted) {
    deleted_.add();
    objects_.erase(key);
  } else {
    const bool is_new = objects_.insert_or_assign(key, std::move(event->object)).second;
    (is_new ? added_ : updated_).add();
    if (objects_.size() > kMaxObjects) return Error(TARSIER_RESOURCE, "there are more than " + std::to_string(kMaxObjects));
  }
  changed.push_back(key);
  return {};
}

void ObjectWatch::watch_ended(const Result<http::Response>& response) {
  if (stopped()) return;
  if (!response) {
    const tarsier_status code = response.error().code();
    if (code == TARSIER_DEADLINE && watch_begun_) return begin(Next::watch);  // the next one shows whether the server is there
    // What cannot be read would come again with the same version.
    if (gone_) return again(Next::list, pause_ns());                       // no failure: servers forget old versions
    if (code == TARSIER_CANCELLED) return again(Next::watch, pause_ns());  // the HTTP client is being replaced
    return fail(response.error(), code == TARSIER_INVALID || code == TARSIER_RESOURCE ? Next::list : Next::watch);
  }
  if (response->code() != 200) {
    const Refusal refusal = parse_refusal(response->code(), refusal_body_);
    if (refusal.is_gone()) return again(Next::list, pause_ns());
    // 504 is said of versions that are to come: those of a server that was restored from a backup.
    const bool version_is_bad = refusal.code == 400 || refusal.code == 404 || refusal.code == 504;
    return fail(Error::unavailable(refusal.text()), version_is_bad ? Next::list : Next::watch);
  }
  if (!watch_told_ && host_.mono_ns() - asked_mono_ns_ < kShortWatchNs)
    return fail(Error::unavailable("the watch ended as soon as it had begun"), Next::watch);
  failures_ = 0;
  begin(Next::watch);
}

// ---- all of them -------------------------------------------------------------------------------------------------------------

std::shared_ptr<ObjectWatch> ObjectWatches::get(const Scope& scope) {
  std::erase_if(watches_, [](const auto& each) { return each.expired(); });
  for (const auto& each : watches_) {
    auto watch = each.lock();
    if (watch != nullptr && watch->scope() == scope && !watch->is_over()) return watch;
  }
  auto made = std::make_shared<ObjectWatch>(host_, scope);
  watches_.push_back(made);
  return made;
}

}  // namespace tarsier::discover_kubernetes
