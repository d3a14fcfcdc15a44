// The plugin "remote-write-receiver": takes samples that others send by Prometheus' remote write, 1.0 and 2.0.
#include "tarsier/plugin.hpp"

#include <memory>

#include "plugins/collect/remote_write_receiver/receiver.hpp"
#include "tarsier/service/samples_sink.h"

namespace tarsier::remote_write {
namespace {

class ReceiverPlugin final : public Plugin {
 public:
  explicit ReceiverPlugin(const tarsier_host* raw) : Plugin(raw), routes_(host()) {}

  Result<void> configure(const Config& config) override {
    max_body_bytes_ = config["max_body_size"].size_bytes();
    max_decoded_bytes_ = config["max_decoded_size"].size_bytes();
    return {};
  }

  Result<void> start() override {
    receiver_ = std::make_unique<Receiver>(host(), max_decoded_bytes_);
    return routes_.add(
        {.methods = TARSIER_HTTP_POST,
         .api = "prometheus",
         .pattern = "/api/v1/write",
         .permission = "metrics:write",
         .max_body_bytes = max_body_bytes_,
         .flags = TARSIER_ROUTE_BODY_AS_SENT},
        [this](const http::Request& request, const http::Exchange& exchange) { receiver_->take(request, exchange); });
  }

  Result<void> stop(int64_t) override {
    routes_.clear();
    receiver_.reset();
    return {};
  }

 private:
  uint64_t max_body_bytes_ = 0;
  uint64_t max_decoded_bytes_ = 0;
  http::Routes routes_;
  std::unique_ptr<Receiver> receiver_;
};

constexpr tarsier_config_key kKeys[] = {
    key("max_body_size", TARSIER_KEY_SIZE, "32MiB", "a larger request, compressed, is refused with 413", "1KiB.."),
    key("max_decoded_size", TARSIER_KEY_SIZE, "128MiB", "a request that is larger when decompressed is refused with 413",
        "1KiB..1GiB"),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE), optional_need("tarsier.samples.store/1"),
                                   optional_need(TARSIER_SAMPLES_SINK_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr const char* kKinds[] = {"collector", nullptr};

constexpr tarsier_plugin kPlugin = describe<ReceiverPlugin>({
    .id = "remote-write-receiver",
    .version = "0.1.0",
    .summary = "Takes samples that others send by Prometheus' remote write, 1.0 and 2.0.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .sample_toml = "[plugin.remote-write-receiver]\nmax_body_size = \"32MiB\"\n",
    .flags = TARSIER_PLUGIN_PARALLEL | TARSIER_PLUGIN_SINGLETON,
});

}  // namespace
}  // namespace tarsier::remote_write

TARSIER_PLUGIN(tarsier::remote_write::kPlugin, "remote-write-receiver", "collector", "0.1.0")
