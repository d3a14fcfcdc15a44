#include "plugins/discover/kubernetes/kubernetes_unit.hpp"

#include <algorithm>

namespace tarsier::discover_kubernetes {
namespace {

// In a storm of changes an object is made anew once in this time. `scrape` takes what it is told every five seconds.
constexpr int64_t kSettleNs = 1'000'000'000;

/// Of a joined object, over all kinds: "pods default/web-7f"
std::string name_of(Kind kind, const std::string& key) { return std::string(plural(kind)).append(" ").append(key); }

}  // namespace

/// Looks into the stores for one object, and writes down what that depends on.
class KubernetesUnit::Joined final : public Surroundings {
 public:
  explicit Joined(const KubernetesUnit& unit) : unit_(unit) {}
  ObjectPtr find(Kind kind, const std::string& name_space, const std::string& name) override {
    if (name.empty()) return nullptr;
    const std::string key = name_space.empty() ? name : name_space + "/" + name;
    names.insert(name_of(kind, key));
    return unit_.find(kind, key);
  }
  Keys names;

 private:
  const KubernetesUnit& unit_;
};

Result<void> KubernetesUnit::start() {
  std::vector<std::string> namespaces = settings_.namespaces;
  if (settings_.own_namespace) {
    auto own = settings_.access.own_namespace();
    if (!own) return std::move(own).error();
    namespaces.push_back(std::move(*own));
  }
  if (namespaces.empty()) namespaces.emplace_back();
  share_.claim_all(subject_ + ": ");
  for (const Scope& scope : settings_.scopes(namespaces)) watches_.push_back(watches_of_all_.get(scope));
  for (const auto& watch : watches_) watch->join(shared_from_this());
  const std::lock_guard guard(lock_);
  arm(0);  // all of it may be known already
  return {};
}

void KubernetesUnit::stop() {
  Timer timer;
  {
    const std::lock_guard guard(lock_);
    stopped_ = true;
    timer = std::move(timer_);
  }
  for (const auto& watch : watches_) watch->leave(shared_from_this());
}

void KubernetesUnit::looked(const Scope& scope, const Result<void>& outcome) { share_.refreshed(scope.name(), outcome); }

void KubernetesUnit::changed(Kind kind, const std::vector<std::string>& keys) {
  const std::lock_guard guard(lock_);
  if (stopped_) return;
  if (!ready_) return arm(0);
  for (const std::string& key : keys) {
    if (kind == settings_.role) dirty_.insert(key);
    const auto joined = joined_by_.find(name_of(kind, key));
    if (joined != joined_by_.end()) dirty_.insert(joined->second.begin(), joined->second.end());
  }
  if (!dirty_.empty()) arm(kSettleNs);
}

/// Under the lock, as all that follow.
void KubernetesUnit::arm(int64_t delay_ns) {
  if (armed_ || stopped_) return;
  auto timer = after(host_, "targets of " + settings_.job_name, delay_ns, [this] {
    const std::lock_guard guard(lock_);
    armed_ = false;
    if (!stopped_) make_anew();
  });
  if (!timer) return;  // the instance stops
  timer_ = std::move(*timer);
  armed_ = true;
}

bool KubernetesUnit::all_synced() const {
  return std::ranges::all_of(watches_, [](const auto& watch) { return watch->synced(); });
}

ObjectPtr KubernetesUnit::find(Kind kind, const std::string& key) const {
  for (const auto& watch : watches_) {
    if (watch->scope().kind != kind) continue;
    if (ObjectPtr found = watch->find(key)) return found;
  }
  return nullptr;
}

void KubernetesUnit::make_anew() {
  if (!all_synced()) return;  // labels would be missing; who has not listed yet tells when he has
  if (!ready_) {
    ready_ = true;
    for (const auto& watch : watches_) {
      if (watch->scope().kind != settings_.role) continue;
      for (std::string& key : watch->keys()) dirty_.insert(std::move(key));
    }
    remove_leftovers(dirty_);
  }
  for (const std::string& key : std::exchange(dirty_, {})) make(key);
}

void KubernetesUnit::make(const std::string& key) {
  forget_joins(key);
  const ObjectPtr object = find(settings_.role, key);
  if (object == nullptr) return share_.remove(source(key));
  Joined around(*this);
  TargetSink sink;
  add_targets(settings_.role, *object, settings_.attach, around, sink);
  if (sink.is_full())
    host_.warn("an object stands for more targets than are taken", {field("config", settings_.job_name), field("object", key)});
  for (const std::string& name : around.names) joined_by_[name].insert(key);
  if (!around.names.empty()) joins_[key].assign(around.names.begin(), around.names.end());
  if (sink.targets().empty()) return share_.remove(source(key));
  share_.set(source(key), std::move(sink.targets()));
}

void KubernetesUnit::forget_joins(const std::string& key) {
  const auto joins = joins_.find(key);
  if (joins == joins_.end()) return;
  for (const std::string& name : joins->second) {
    const auto back = joined_by_.find(name);
    back->second.erase(key);
    if (back->second.empty()) joined_by_.erase(back);
  }
  joins_.erase(joins);
}

void KubernetesUnit::remove_leftovers(const Keys& keys) {
  const std::string prefix = source("");
  for (const std::string& known : share_.sources())
    if (!known.starts_with(prefix) || !keys.contains(known.substr(prefix.size()))) share_.remove(known);
}

}  // namespace tarsier::discover_kubernetes
