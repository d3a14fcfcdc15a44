#include "core/bus/bus.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/bus/bus_impl.hpp"
#include "tarsier/batch.hpp"

namespace tarsier::bus {

namespace {

/// The kind of the standard topics; 0 for others.
uint16_t standard_kind(std::string_view topic) {
  constexpr std::pair<std::string_view, uint16_t> kinds[] = {
      {TARSIER_TOPIC_SAMPLES, TARSIER_BATCH_SAMPLES}, {TARSIER_TOPIC_LOGS, TARSIER_BATCH_LOGS},
      {TARSIER_TOPIC_SPANS, TARSIER_BATCH_SPANS},     {TARSIER_TOPIC_ALERTS, TARSIER_BATCH_ALERTS},
      {TARSIER_TOPIC_EVENTS, TARSIER_BATCH_EVENTS},   {TARSIER_TOPIC_TARGETS, TARSIER_BATCH_TARGETS}};
  for (const auto& [name, kind] : kinds)
    if (name == topic) return kind;
  return 0;
}

/// Names of instances and topics as part of a file's name.
std::string file_name(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return result;
}

Error full(const tarsier_subscription& subscription, std::chrono::nanoseconds wait) {
  return {TARSIER_AGAIN, "the queue of " + subscription.instance + " for topic " + subscription.topic.name + " is full",
          wait.count()};
}

void note_loss(const tarsier_subscription& subscription, const Offered& offered, std::vector<Loss>& losses) {
  if (offered.failure) losses.push_back({BusReport::Kind::spill_failed, subscription.instance, offered.failure->message()});
  if (offered.began_dropping)
    losses.push_back({BusReport::Kind::dropping, subscription.instance,
                      "its queue of " + std::to_string(subscription.max_bytes) + " bytes is full: batches are dropped"});
}

}  // namespace

Topic::Topic(std::string called) : name(std::move(called)), kind(standard_kind(name)) {}

Topic& Bus::Impl::topic(std::string_view name) {
  {
    const std::shared_lock lock(topics_mutex);
    if (const auto found = topics.find(name); found != topics.end()) return *found->second;
  }
  const std::unique_lock lock(topics_mutex);
  auto& entry = topics[std::string(name)];
  if (entry == nullptr) entry = std::make_unique<Topic>(std::string(name));
  return *entry;
}

void Bus::Impl::leave_topic(const std::shared_ptr<tarsier_subscription>& subscription) {
  const std::lock_guard lock(subscription->topic.mutex);
  std::erase(subscription->topic.subscriptions, subscription);
}

void Bus::Impl::report(BusReport::Kind kind, const std::string& instance, const std::string& topic_name,
                       std::string_view message) const {
  if (options.report) options.report({kind, instance, topic_name, message});
}

Bus::Bus(scheduler::WorkerPool& pool, BusOptions options) : impl_(std::make_shared<Impl>(pool, std::move(options))) {
  std::error_code error;  // what a former process left may be unremovable; it is then overwritten when its name is used again
  if (!impl_->options.spill_dir.empty()) std::filesystem::remove_all(impl_->options.spill_dir, error);
}

Bus::~Bus() {
  std::vector<host::Owner*> owners;
  {
    const std::lock_guard lock(impl_->owners_mutex);
    for (const auto& [owner, subscriptions] : impl_->of_owner) owners.push_back(owner);
  }
  for (host::Owner* owner : owners) {
    detach(*owner);
    forget(*owner);
  }
}

Result<tarsier_batch*> Bus::allocate(uint64_t bytes) { return allocate_batch(bytes); }

uint8_t* Bus::data(const tarsier_batch* batch, uint64_t* bytes) noexcept {
  if (bytes != nullptr) *bytes = batch->size;
  return batch->data();
}

void Bus::retain(const tarsier_batch* batch) noexcept { retain_batch(batch); }
void Bus::release(const tarsier_batch* batch) noexcept { release_batch(batch); }

Error Bus::Impl::malformed(host::Owner& producer, const Topic& to, Error why) {
  producer.accounting().malformed_batches.fetch_add(1, std::memory_order_relaxed);
  report(BusReport::Kind::malformed, producer.instance(), to.name, why.message());
  return std::move(why).in("publish to " + to.name);
}

namespace {

constexpr int64_t kAskAgainNs = 50'000'000;

bool has_required(const Topic& topic, std::string_view instance) {
  return std::any_of(topic.subscriptions.begin(), topic.subscriptions.end(),
                     [&](const auto& subscription) { return subscription->required && subscription->instance == instance; });
}

/// Whoever is missing for a moment would not get the batch, and nobody would know.
Result<void> check_stores(const Topic& topic, uint32_t required) {
  if (required == 0) return Error::unavailable("topic " + topic.name + " has no store");
  for (const std::string& instance : topic.expected)
    if (!has_required(topic, instance))
      return Error::unavailable("instance " + instance + ", which takes topic " + topic.name + ", is being replaced", kAskAgainNs);
  return {};
}

}  // namespace

Result<bool> Bus::Impl::hand_out(Topic& to, host::Owner& producer, const Parcel& parcel, std::vector<Loss>& losses) {
  uint32_t required = 0;
  for (const auto& subscription : to.subscriptions) required += subscription->required ? 1 : 0;
  if ((parcel.flags & TARSIER_PUBLISH_REQUIRE_STORE) != 0)
    if (auto stores = check_stores(to, required); !stores) return std::move(stores).error();
  for (const auto& subscription : to.subscriptions) {
    if (!subscription->blocks()) continue;
    if (const auto wait = subscription->refuses(parcel.batch->size)) return full(*subscription, *wait);
  }
  Publications::Ptr publication;
  if (parcel.published != nullptr && required > 0) {
    publication = publications.begin(producer, required, parcel.published, parcel.user);
    if (publication == nullptr) return Error::unavailable("instance " + producer.instance() + " is stopped: it cannot be answered");
  }
  for (const auto& subscription : to.subscriptions) {
    const Offered offered = subscription->offer(parcel.batch, subscription->required ? publication : nullptr, parcel.flags);
    if (offered.schedule) subscription->schedule();
    if (offered.began_dropping || offered.failure) note_loss(*subscription, offered, losses);
  }
  ++to.published;
  to.published_bytes += parcel.batch->size;
  return required > 0;
}

Result<void> Bus::publish(host::Owner& owner, std::string_view topic_name, const tarsier_batch* batch, uint32_t flags,
                          tarsier_published_fn published, void* user) {
  Topic& topic = impl_->topic(topic_name);
  if (auto verified = batch::verify(batch->bytes()); !verified) return impl_->malformed(owner, topic, std::move(verified).error());
  const Parcel parcel{batch, batch::View(batch->bytes()).kind(), flags, published, user};
  std::vector<Loss> losses;
  std::unique_lock lock(topic.mutex);
  if (topic.kind == 0) topic.kind = parcel.kind;
  if (const uint16_t expected = topic.kind; expected != parcel.kind) {
    lock.unlock();
    return impl_->malformed(
        owner, topic,
        Error::invalid("a batch of kind " + std::to_string(parcel.kind) + ", the topic takes kind " + std::to_string(expected)));
  }
  const auto handed_out = impl_->hand_out(topic, owner, parcel, losses);
  lock.unlock();
  for (const Loss& loss : losses) impl_->report(loss.kind, loss.instance, topic.name, loss.message);
  if (!handed_out) return handed_out.error();
  if (published != nullptr && !*handed_out) published(user, TARSIER_OK, str(""));
  return {};
}

Result<tarsier_subscription*> Bus::subscribe(host::Owner& owner, const tarsier_subscribe_spec& spec) {
  if (!TARSIER_HAS(&spec, on_batch) || spec.on_batch == nullptr) return Error::invalid("subscribe: a function is required");
  if (spec.topic.size == 0) return Error::invalid("subscribe: a topic is required");
  if (spec.policy < TARSIER_FULL_BLOCK || spec.policy > TARSIER_FULL_SPILL)
    return Error::invalid("subscribe to " + std::string(view(spec.topic)) + ": policy " + std::to_string(spec.policy) +
                          " is not known");
  if (spec.policy == TARSIER_FULL_SPILL && impl_->options.spill_dir.empty())
    return Error(TARSIER_UNSUPPORTED, "subscribe to " + std::string(view(spec.topic)) + ": this host has no directory to spill to");
  Topic& topic = impl_->topic(view(spec.topic));
  const std::lock_guard lock(impl_->owners_mutex);
  // Within the lock: detach() comes after close(), so nothing is added behind its back.
  if (owner.closed()) return Error::unavailable("instance " + owner.instance() + " is stopped: subscribe to " + topic.name);
  const std::string spill_name =
      file_name(owner.instance()) + "-" + file_name(topic.name) + "-" + std::to_string(++impl_->spill_files) + ".spill";
  auto subscription = std::make_shared<tarsier_subscription>(impl_, owner, topic, spec, impl_->options.spill_dir / spill_name);
  impl_->of_owner[&owner].insert(subscription);
  const std::lock_guard topic_lock(topic.mutex);
  topic.subscriptions.push_back(subscription);
  return subscription.get();
}

void Bus::unsubscribe(tarsier_subscription* subscription) {
  const auto keep = subscription->shared_from_this();
  Impl& impl = *keep->bus;
  impl.leave_topic(keep);
  keep->gate.close_and_wait();
  keep->end("the subscription has ended");
  if (keep->has_open_deliveries()) return;  // forget() answers for those that are never completed
  const std::lock_guard lock(impl.owners_mutex);
  if (const auto found = impl.of_owner.find(&keep->owner); found != impl.of_owner.end()) found->second.erase(keep);
}

void Bus::complete(tarsier_delivery* delivery, tarsier_status status, std::string_view message) {
  const auto subscription = delivery->subscription;
  subscription->complete(delivery, status, message);
}

void Bus::detach(host::Owner& owner) {
  std::vector<std::shared_ptr<tarsier_subscription>> mine;
  {
    const std::lock_guard lock(impl_->owners_mutex);
    if (const auto found = impl_->of_owner.find(&owner); found != impl_->of_owner.end())
      mine.assign(found->second.begin(), found->second.end());
  }
  for (const auto& subscription : mine) {
    impl_->leave_topic(subscription);
    subscription->gate.close();
    subscription->end("the instance that stores it stops");
  }
  impl_->publications.cancel_all(owner);
}

void Bus::forget(host::Owner& owner) {
  std::unordered_set<std::shared_ptr<tarsier_subscription>> mine;
  {
    const std::lock_guard lock(impl_->owners_mutex);
    if (auto node = impl_->of_owner.extract(&owner)) mine = std::move(node.mapped());
  }
  for (const auto& subscription : mine) subscription->abandon_deliveries();
}

void Bus::expect_back(std::string_view instance) {
  const std::shared_lock lock(impl_->topics_mutex);
  for (const auto& [name, topic] : impl_->topics) {
    const std::lock_guard topic_lock(topic->mutex);
    if (has_required(*topic, instance)) topic->expected.emplace(instance);
  }
}

void Bus::expect_nobody() {
  const std::shared_lock lock(impl_->topics_mutex);
  for (const auto& [name, topic] : impl_->topics) {
    const std::lock_guard topic_lock(topic->mutex);
    topic->expected.clear();
  }
}

BusStats Bus::snapshot() const {
  BusStats result;
  const std::shared_lock lock(impl_->topics_mutex);
  for (const auto& [name, topic] : impl_->topics) {
    const std::lock_guard topic_lock(topic->mutex);
    result.topics.push_back({name, topic->published, topic->published_bytes});
    for (const auto& subscription : topic->subscriptions) result.subscriptions.push_back(subscription->stats());
  }
  return result;
}

}  // namespace tarsier::bus
