// The plugin "otlp-receiver": takes metrics that OpenTelemetry's libraries and collectors send over HTTP and gRPC.
#include "tarsier/plugin.hpp"

#include <memory>
#include <utility>

#include "plugins/collect/otlp_receiver/receiver.hpp"
#include "tarsier/service/samples_sink.h"

namespace tarsier::otlp {
namespace {

constexpr std::string_view kPermission = "metrics:write";

class ReceiverPlugin final : public Plugin {
 public:
  explicit ReceiverPlugin(const tarsier_host* raw) : Plugin(raw), routes_(host()) {}

  Result<void> configure(const Config& config) override {
    max_body_bytes_ = config["max_body_size"].size_bytes();
    settings_ = {};
    settings_.naming = naming_of(config["translation_strategy"].string());
    const Config promoted = config["promote_resource_attributes"];
    for (uint64_t i = 0; i < promoted.size(); ++i) settings_.promoted.push_back(promoted.at(i).string());
    settings_.keep_identifying = config["keep_identifying_resource_attributes"].boolean();
    settings_.custom_buckets = config["convert_histograms_to_nhcb"].boolean();
    settings_.promote_scope = config["promote_scope_metadata"].boolean();
    return {};
  }

  Result<void> start() override {
    receiver_ = std::make_unique<Receiver>(host(), settings_);
    // As Prometheus has it, and as clients of OTLP find it at 4318.
    for (const auto& [api, pattern] : {std::pair{"prometheus", "/api/v1/otlp/v1/metrics"}, std::pair{"otlp", "/v1/metrics"}}) {
      auto added =
          routes_.add({.methods = TARSIER_HTTP_POST,
                       .api = api,
                       .pattern = pattern,
                       .permission = kPermission,
                       .max_body_bytes = max_body_bytes_},
                      [this](const http::Request& request, const http::Exchange& exchange) { receiver_->take(request, exchange); });
      if (!added) return added;
    }
    return grpc::add_method(
        routes_,
        {.api = "otlp",
         .path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
         .permission = kPermission,
         .max_message_bytes = max_body_bytes_},
        [this](std::string_view message, const http::Request&, const grpc::Call& call) { receiver_->take(message, call); });
  }

  Result<void> stop(int64_t) override {
    routes_.clear();
    receiver_.reset();
    return {};
  }

 private:
  uint64_t max_body_bytes_ = 0;
  Settings settings_;
  http::Routes routes_;
  std::unique_ptr<Receiver> receiver_;
};

constexpr tarsier_config_key kKeys[] = {
    key("max_body_size", TARSIER_KEY_SIZE, "32MiB", "a larger request, decompressed, is refused with 413, or RESOURCE_EXHAUSTED",
        "1KiB.."),
    key("translation_strategy", TARSIER_KEY_STRING, "UnderscoreEscapingWithSuffixes",
        "how names of metrics and attributes become Prometheus'",
        "UnderscoreEscapingWithSuffixes|UnderscoreEscapingWithoutSuffixes|NoUTF8EscapingWithSuffixes|NoTranslation"),
    key("promote_resource_attributes[]", TARSIER_KEY_STRING, nullptr,
        "attributes of resources that become labels of all their series"),
    key("keep_identifying_resource_attributes", TARSIER_KEY_BOOL, "false",
        "keep service.name, service.namespace and service.instance.id as labels of target_info"),
    key("convert_histograms_to_nhcb", TARSIER_KEY_BOOL, "false", "store histograms with bounds as native ones with custom buckets"),
    key("promote_scope_metadata", TARSIER_KEY_BOOL, "false", "name, version and attributes of scopes as labels otel_scope_*"),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE), optional_need("tarsier.samples.store/1"),
                                   optional_need(TARSIER_SAMPLES_SINK_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr const char* kKinds[] = {"collector", nullptr};

constexpr tarsier_plugin kPlugin = describe<ReceiverPlugin>({
    .id = "otlp-receiver",
    .version = "0.1.0",
    .summary = "Takes metrics that OpenTelemetry's libraries and collectors send over HTTP and gRPC.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .sample_toml = "[plugin.otlp-receiver]\npromote_resource_attributes = [\"k8s.namespace.name\"]\n",
    .flags = TARSIER_PLUGIN_PARALLEL | TARSIER_PLUGIN_SINGLETON,
});

}  // namespace
}  // namespace tarsier::otlp

TARSIER_PLUGIN(tarsier::otlp::kPlugin, "otlp-receiver", "collector", "0.1.0")
