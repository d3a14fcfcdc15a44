// webhook - tells a program of alerts by HTTP POST, in Alertmanager's webhook format.
#include "tarsier/plugin.hpp"

#include <string>
#include <vector>

#include "plugins/lib/http/headers.hpp"
#include "plugins/notify/webhook/body.hpp"
#include "tarsier/http.hpp"
#include "tarsier/service/notifier.h"

namespace tarsier::webhook {
namespace {

constexpr std::string_view kUserAgent = "Tarsier/0.1.0";

class WebhookPlugin final : public Plugin {
 public:
  explicit WebhookPlugin(const tarsier_host* raw) : Plugin(raw) {
    table_.size = sizeof(table_);
    table_.self = this;
    table_.notify = [](void* self, const tarsier_notification* notification, void* user, DoneFn done) {
      static_cast<WebhookPlugin*>(self)->notify(*notification, user, done);
    };
  }

  Result<void> configure(const Config& config) override {
    url_ = config["url"].string();
    if (!url_.starts_with("http://") && !url_.starts_with("https://"))
      return config["url"].invalid("expected an http:// or https:// URL");
    max_alerts_ = static_cast<uint64_t>(config["max_alerts"].integer());
    authorization_ = config["authorization"].string();
    if (!net::is_valid_field("authorization", authorization_))
      return config["authorization"].invalid("must not have line breaks or control bytes: it is sent as a header");
    table_.send_resolved = config["send_resolved"].boolean() ? 1 : 0;
    return {};
  }
  Result<void> start() override {
    http_ = ServiceRef<tarsier_http>(host(), TARSIER_HTTP_SERVICE);
    return {};
  }
  const void* service(std::string_view name) override { return name == TARSIER_NOTIFIER_SERVICE ? &table_ : nullptr; }

 private:
  using DoneFn = void (*)(void* user, tarsier_status status, tarsier_str message, int64_t retry_after_ns);

  void notify(const tarsier_notification& notification, void* user, DoneFn done) {
    const std::string text = body(notification, max_alerts_);
    std::vector<tarsier_pair> headers = {field("content-type", "application/json"), field("user-agent", kUserAgent)};
    if (!authorization_.empty()) headers.push_back(field("authorization", authorization_));
    tarsier_http_client_request call{};
    call.size = sizeof(call);
    call.method = str("POST");
    call.url = str(url_);
    call.headers = headers.data();
    call.header_count = static_cast<uint32_t>(headers.size());
    call.body = bytes(text);
    call.timeout_ns = notification.timeout_ns;
    call.max_body_bytes = uint64_t{1} << 16U;
    const auto begun = http::request(host(), http_, call, [user, done](Result<http::Response> response) {
      const Result<void> outcome = response ? judge(*response) : Result<void>(response.error());
      report(outcome, user, done);
    });
    if (!begun) report(begun, user, done);
  }

  /// 2xx is taken; 429 and 5xx may pass; the rest will not change by itself.
  static Result<void> judge(const http::Response& response) {
    if (response.code() / 100 == 2) return {};
    const std::string what =
        "the receiver answered " + std::to_string(response.code()) + ": " + std::string(response.body().substr(0, 200));
    if (response.code() == 429 || response.code() / 100 == 5) return Error::unavailable(what);
    return Error::invalid(what);
  }

  static void report(const Result<void>& outcome, void* user, DoneFn done) {
    if (outcome) return done(user, TARSIER_OK, str(""), 0);
    done(user, outcome.error().code(), str(outcome.error().message()), outcome.error().retry_after_ns());
  }

  std::string url_;
  std::string authorization_;
  uint64_t max_alerts_ = 0;
  ServiceRef<tarsier_http> http_;
  tarsier_notifier table_{};
};

constexpr tarsier_config_key kKeys[] = {
    key("url", TARSIER_KEY_STRING, nullptr, "Where notifications are posted to.", nullptr,
        TARSIER_KEY_REQUIRED | TARSIER_KEY_SECRET),
    key("send_resolved", TARSIER_KEY_BOOL, "true", "Whether resolved alerts are told."),
    key("max_alerts", TARSIER_KEY_INT, "0", "Most alerts in one notification; 0: all.", "0.."),
    key("authorization", TARSIER_KEY_STRING, nullptr, "The Authorization header, e.g. \"Bearer ...\".", nullptr,
        TARSIER_KEY_SECRET),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);
constexpr tarsier_offer kOffers[] = {offer(TARSIER_NOTIFIER_SERVICE, TARSIER_OFFER_REBINDABLE | TARSIER_OFFER_REMOTABLE)};
TARSIER_TABLE(kOfferTable, kOffers);
constexpr const char* kKinds[] = {"notifier", nullptr};

constexpr tarsier_plugin kPlugin = describe<WebhookPlugin>({
    .id = "webhook",
    .version = "0.1.0",
    .summary = "Tells a program of alerts by HTTP, in Alertmanager's webhook format.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[plugin.webhook]\nurl = \"http://127.0.0.1:9099/hook\"\n",
    .flags = TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::webhook

TARSIER_PLUGIN(tarsier::webhook::kPlugin, "webhook", "notifier", "0.1.0")
