// The plugin "remote-write": sends all samples to others by Prometheus' remote write, 1.0 and 2.0, through a queue on the disk.
#include "tarsier/plugin.hpp"

#include <memory>

#include "plugins/forward/remote_write/sender.hpp"
#include "plugins/lib/client_config/keys.hpp"
#include "plugins/lib/relabel/rule_config.hpp"
#include "tarsier/service/samples_sink.h"

namespace tarsier::forward {
namespace {

constexpr uint64_t kQueueBytes = uint64_t{32} << 20;  // on the bus
constexpr int64_t kTickNs = 5'000'000'000;
constexpr tarsier_samples_sink kSink = {sizeof(kSink), 0};

class RemoteWritePlugin final : public Plugin {
 public:
  using Plugin::Plugin;

  Result<void> configure(const Config& config) override {
    auto settings = read_settings(config);
    if (!settings) return std::move(settings).error();
    settings_ = std::move(*settings);
    return {};
  }

  Result<void> start() override {
    auto sender = std::make_unique<Sender>(host(), settings_);
    if (auto opened = sender->open(settings_); !opened) return opened;
    sender_ = std::move(sender);
    auto timer = every(host(), {.name = "remote write", .interval_ns = kTickNs}, [this] { sender_->tick(); });
    if (!timer) return abandon(std::move(timer).error());
    timer_ = std::move(*timer);
    auto subscription =
        subscribe_required(host(), TARSIER_TOPIC_SAMPLES, kQueueBytes, [this](const Batch& batch, Delivery delivery) {
          sender_->take(batch.data(), [delivery](const Result<void>& kept) {
            if (kept) {
              delivery.complete();
            } else {
              delivery.fail(kept.error());
            }
          });
        });
    if (!subscription) return abandon(std::move(subscription).error());
    subscription_ = std::move(*subscription);
    host().ok();
    return {};
  }

  Result<void> reconfigure(const Config& config) override {
    auto settings = read_settings(config);
    if (!settings) return std::move(settings).error();
    if (auto applied = sender_->apply(*settings); !applied) return applied;
    settings_ = std::move(*settings);
    return {};
  }

  const void* service(std::string_view name) override { return name == TARSIER_SAMPLES_SINK_SERVICE ? &kSink : nullptr; }

  Result<void> stop(int64_t /*deadline_ns*/) override {
    close();
    return {};
  }

 private:
  void close() {
    subscription_.reset();
    timer_.reset();
    sender_.reset();  // keeps the places, and waits for batches that are being written
  }
  Result<void> abandon(Error error) {
    close();
    return error;
  }

  Settings settings_;
  std::unique_ptr<Sender> sender_;
  Timer timer_;
  Subscription subscription_;
};

constexpr uint32_t kReloadable = TARSIER_KEY_RELOADABLE;
constexpr tarsier_config_key kKeys[] = {
    key("external_labels", TARSIER_KEY_TABLE, nullptr, "labels that series get which have none of that name", nullptr, kReloadable),
    key("external_labels.*", TARSIER_KEY_STRING, nullptr, "one label", nullptr, kReloadable),
    key("max_queue_size", TARSIER_KEY_SIZE, "8GiB", "bytes of the queue on the disk; beyond it the oldest samples are dropped",
        "16MiB..", kReloadable),
    key("max_queue_age", TARSIER_KEY_DURATION, "0s", "samples that waited longer are dropped; 0s: none", "0s..", kReloadable),
    key("endpoint[]", TARSIER_KEY_TABLE, nullptr, "a receiver", nullptr, kReloadable),
    key("endpoint[].url", TARSIER_KEY_STRING, nullptr, "where samples are posted to", nullptr,
        TARSIER_KEY_REQUIRED | TARSIER_KEY_SECRET | kReloadable),
    key("endpoint[].name", TARSIER_KEY_STRING, nullptr,
        "unique; its place in the queue goes by it; when absent: the URL without user, password and parameters", nullptr,
        kReloadable),
    key("endpoint[].remote_timeout", TARSIER_KEY_DURATION, "30s", "how long a request may take", "1ms..", kReloadable),
    key("endpoint[].protobuf_message", TARSIER_KEY_STRING, "prometheus.WriteRequest", "remote write 1.0 or 2.0",
        "prometheus.WriteRequest|io.prometheus.write.v2.Request", kReloadable),
    key("endpoint[].send_exemplars", TARSIER_KEY_BOOL, "false", "exemplars are sent, too", nullptr, kReloadable),
    key("endpoint[].send_native_histograms", TARSIER_KEY_BOOL, "false", "native histograms are sent, too", nullptr, kReloadable),
    TARSIER_RELABEL_KEYS("endpoint[].write_relabel_configs",
                         "a rule that rewrites the labels of each series that is sent, external labels among them, or drops it",
                         kReloadable),
    key("endpoint[].headers", TARSIER_KEY_TABLE, nullptr, "request headers: name = value", nullptr, kReloadable),
    key("endpoint[].headers.*", TARSIER_KEY_STRING, nullptr, "one header", nullptr, TARSIER_KEY_SECRET | kReloadable),
    TARSIER_CLIENT_KEYS("endpoint[].", "false", kReloadable),
    key("endpoint[].queue_config", TARSIER_KEY_TABLE, nullptr, "how requests are made and repeated", nullptr, kReloadable),
    key("endpoint[].queue_config.capacity", TARSIER_KEY_INT, "10000", "samples of a shard that wait in memory", "1..", kReloadable),
    key("endpoint[].queue_config.min_shards", TARSIER_KEY_INT, "1", "requests that may be under way at a time: at least", "1..1000",
        kReloadable),
    key("endpoint[].queue_config.max_shards", TARSIER_KEY_INT, "50", "and at most", "1..1000", kReloadable),
    key("endpoint[].queue_config.max_samples_per_send", TARSIER_KEY_INT, "2000", "samples, histograms and exemplars of a request",
        "1..", kReloadable),
    key("endpoint[].queue_config.batch_send_deadline", TARSIER_KEY_DURATION, "5s", "how long a request waits to become full",
        "1ms..", kReloadable),
    key("endpoint[].queue_config.min_backoff", TARSIER_KEY_DURATION, "30ms", "the first pause before a request is sent again",
        "1ms..", kReloadable),
    key("endpoint[].queue_config.max_backoff", TARSIER_KEY_DURATION, "5s", "the longest pause, unless the receiver asks for more",
        "1ms..", kReloadable),
    key("endpoint[].queue_config.retry_on_http_429", TARSIER_KEY_BOOL, "true",
        "what is answered 429 is sent again; false: it is dropped, as by Prometheus without that key", nullptr, kReloadable),
    key("endpoint[].queue_config.sample_age_limit", TARSIER_KEY_DURATION, "0s", "samples with an older time are dropped; 0s: none",
        "0s..", kReloadable),
    key("endpoint[].metadata_config", TARSIER_KEY_TABLE, nullptr, "type, help and unit in requests of their own, with 1.0", nullptr,
        kReloadable),
    key("endpoint[].metadata_config.send", TARSIER_KEY_BOOL, "true", "they are sent", nullptr, kReloadable),
    key("endpoint[].metadata_config.send_interval", TARSIER_KEY_DURATION, "1m", "how often", "1s..", kReloadable),
    key("endpoint[].metadata_config.max_samples_per_send", TARSIER_KEY_INT, "2000", "metric families of a request", "1..",
        kReloadable),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr tarsier_offer kOffers[] = {offer(TARSIER_SAMPLES_SINK_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffers);
constexpr const char* kKinds[] = {"forwarder", nullptr};

constexpr tarsier_plugin kPlugin = describe<RemoteWritePlugin>({
    .id = "remote-write",
    .version = "0.1.0",
    .summary = "Sends samples to others by Prometheus' remote write, 1.0 and 2.0, through a durable queue.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[plugin.remote-write]\n"
                   "external_labels = { site = \"north\" }\n\n"
                   "[[plugin.remote-write.endpoint]]\n"
                   "url = \"http://127.0.0.1:9009/api/v1/push\"\n",
    .flags = TARSIER_PLUGIN_EXCLUSIVE | TARSIER_PLUGIN_PARALLEL | TARSIER_PLUGIN_SINGLETON,
});

}  // namespace
}  // namespace tarsier::forward

TARSIER_PLUGIN(tarsier::forward::kPlugin, "remote-write", "forwarder", "0.1.0")
