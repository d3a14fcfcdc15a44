// A notification in the form that notifiers take it (service/notifier.h), with the strings that it points to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/alert/alerts/dispatcher.hpp"
#include "tarsier/service/notifier.h"

namespace tarsier::alerts {

class Notification {
 public:
  Notification(const Due& due, const std::string& external_url, int64_t now_ns, int64_t timeout_ns, bool with_resolved);
  Notification(const Notification&) = delete;
  Notification& operator=(const Notification&) = delete;

  /// False when nothing is left to say: all are resolved, and resolved ones are not wanted.
  bool empty() const noexcept { return alerts_.empty(); }
  /// Valid while this lives.
  const tarsier_notification& raw() const noexcept { return raw_; }

 private:
  using Pairs = std::vector<tarsier_pair>;
  Due due_;
  std::string external_url_;
  LabelMap common_labels_, common_annotations_;
  Pairs group_pairs_, common_label_pairs_, common_annotation_pairs_;
  std::vector<Pairs> alert_labels_, alert_annotations_;
  std::vector<tarsier_alert> alerts_;
  tarsier_notification raw_{};
};

}  // namespace tarsier::alerts
