#include "plugins/alert/alerts/notification.hpp"

#include <algorithm>

#include "tarsier/result.hpp"

namespace tarsier::alerts {
namespace {

std::vector<tarsier_pair> pairs_of(const LabelMap& labels) {
  std::vector<tarsier_pair> pairs;
  for (const auto& [name, value] : labels) pairs.push_back({str(name), str(value)});
  return pairs;
}

/// What all have with the same value.
LabelMap common(const std::vector<Alert>& alerts, LabelMap Alert::* part) {
  if (alerts.empty()) return {};
  LabelMap shared = alerts.front().*part;
  for (const Alert& alert : alerts) {
    const LabelMap& own = alert.*part;
    std::erase_if(shared, [&](const auto& label) { return !std::binary_search(own.begin(), own.end(), label); });
  }
  return shared;
}

}  // namespace

Notification::Notification(const Due& due, const std::string& external_url, int64_t now_ns, int64_t timeout_ns, bool with_resolved)
    : due_(due), external_url_(external_url) {
  if (!with_resolved) std::erase_if(due_.alerts, [&](const Alert& alert) { return alert.resolved_at(now_ns); });
  common_labels_ = common(due_.alerts, &Alert::labels);
  common_annotations_ = common(due_.alerts, &Alert::annotations);
  group_pairs_ = pairs_of(due_.group_labels);
  common_label_pairs_ = pairs_of(common_labels_);
  common_annotation_pairs_ = pairs_of(common_annotations_);
  bool all_resolved = true;
  for (const Alert& alert : due_.alerts) {
    alert_labels_.push_back(pairs_of(alert.labels));
    alert_annotations_.push_back(pairs_of(alert.annotations));
  }
  for (size_t i = 0; i < due_.alerts.size(); ++i) {
    const Alert& alert = due_.alerts[i];
    const bool resolved = alert.resolved_at(now_ns);
    all_resolved = all_resolved && resolved;
    tarsier_alert raw{};
    raw.size = sizeof(raw);
    raw.resolved = resolved ? 1 : 0;
    raw.labels = alert_labels_[i].data();
    raw.label_count = static_cast<uint32_t>(alert_labels_[i].size());
    raw.annotations = alert_annotations_[i].data();
    raw.annotation_count = static_cast<uint32_t>(alert_annotations_[i].size());
    raw.starts_at_ns = alert.starts_ns;
    raw.ends_at_ns = resolved ? alert.ends_ns : 0;
    raw.generator_url = str(alert.generator_url);
    raw.fingerprint = str(alert.fingerprint);
    alerts_.push_back(raw);
  }
  raw_.size = sizeof(raw_);
  raw_.resolved = all_resolved ? 1 : 0;
  raw_.receiver = str(due_.receiver);
  raw_.group_key = str(due_.group_key);
  raw_.external_url = str(external_url_);
  raw_.group_labels = group_pairs_.data();
  raw_.group_label_count = static_cast<uint32_t>(group_pairs_.size());
  raw_.common_labels = common_label_pairs_.data();
  raw_.common_label_count = static_cast<uint32_t>(common_label_pairs_.size());
  raw_.common_annotations = common_annotation_pairs_.data();
  raw_.common_annotation_count = static_cast<uint32_t>(common_annotation_pairs_.size());
  raw_.alerts = alerts_.data();
  raw_.alert_count = static_cast<uint32_t>(alerts_.size());
  raw_.now_ns = now_ns;
  raw_.timeout_ns = timeout_ns;
}

}  // namespace tarsier::alerts
