#include "plugins/notify/webhook/body.hpp"

#include <algorithm>

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/lib/time/rfc3339.hpp"
#include "tarsier/result.hpp"

namespace tarsier::webhook {
namespace {

void pairs(json::Writer& out, std::string_view key, const tarsier_pair* items, uint32_t count) {
  out.key(key).begin_object();
  for (uint32_t i = 0; i < count; ++i) out.key(view(items[i].name)).string(view(items[i].value));
  out.end_object();
}

const char* status(uint32_t resolved) { return resolved != 0 ? "resolved" : "firing"; }

void write_alert(json::Writer& out, const tarsier_alert& alert) {
  out.begin_object().key("status").string(status(alert.resolved));
  pairs(out, "labels", alert.labels, alert.label_count);
  pairs(out, "annotations", alert.annotations, alert.annotation_count);
  out.key("startsAt").string(print_rfc3339(alert.starts_at_ns)).key("endsAt").string(print_rfc3339(alert.ends_at_ns));
  out.key("generatorURL").string(view(alert.generator_url)).key("fingerprint").string(view(alert.fingerprint)).end_object();
}

}  // namespace

std::string body(const tarsier_notification& notification, uint64_t max_alerts) {
  const auto count =
      static_cast<uint32_t>(max_alerts == 0 ? notification.alert_count : std::min<uint64_t>(max_alerts, notification.alert_count));
  json::Writer out;
  out.begin_object().key("receiver").string(view(notification.receiver)).key("status").string(status(notification.resolved));
  out.key("alerts").begin_array();
  for (uint32_t i = 0; i < count; ++i) write_alert(out, notification.alerts[i]);
  out.end_array();
  pairs(out, "groupLabels", notification.group_labels, notification.group_label_count);
  pairs(out, "commonLabels", notification.common_labels, notification.common_label_count);
  pairs(out, "commonAnnotations", notification.common_annotations, notification.common_annotation_count);
  out.key("externalURL").string(view(notification.external_url)).key("version").string("4");
  out.key("groupKey").string(view(notification.group_key));
  out.key("truncatedAlerts").integer(notification.alert_count - count).end_object();
  return out.take();
}

}  // namespace tarsier::webhook
