#include "plugins/notify/webhook/body.hpp"

#include <gtest/gtest.h>

#include "tarsier/result.hpp"

namespace tarsier::webhook {
namespace {

tarsier_pair pair(std::string_view name, std::string_view value) { return {str(name), str(value)}; }

class WebhookBody : public testing::Test {
 protected:
  WebhookBody() {
    alerts_[0] = {
        sizeof(tarsier_alert),  0, labels_, annotations_, 2, 1, 1795343031061000000, 0, str("http://p/graph?g0.expr=up&g0.tab=1"),
        str("d8d494a127c2da95")};
    alerts_[1] = {sizeof(tarsier_alert),  1, labels_, nullptr, 1, 0, 1795343031000000000, 1795343091500000000, str(""),
                  str("e10fef192b4033fa")};
    notification_.size = sizeof(notification_);
    notification_.receiver = str("team-web");
    notification_.group_key = str("{}:{alertname=\"Down\"}");
    notification_.external_url = str("http://a:9093");
    notification_.group_labels = labels_;
    notification_.group_label_count = 1;
    notification_.common_labels = labels_;
    notification_.common_label_count = 1;
    notification_.alert_count = 2;
    notification_.alerts = alerts_;
  }
  tarsier_pair labels_[2] = {pair("alertname", "Down"), pair("instance", "a\"b")};
  tarsier_pair annotations_[1] = {pair("summary", "it is <down>")};
  tarsier_alert alerts_[2];
  tarsier_notification notification_{};
};

TEST_F(WebhookBody, HasEveryFieldOfVersion4InItsOrder) {
  EXPECT_EQ(
      body(notification_, 0),
      R"({"receiver":"team-web","status":"firing","alerts":[)"
      R"({"status":"firing","labels":{"alertname":"Down","instance":"a\"b"},"annotations":{"summary":"it is <down>"},)"
      R"("startsAt":"2026-11-22T10:23:51.061Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://p/graph?g0.expr=up&g0.tab=1","fingerprint":"d8d494a127c2da95"},)"
      R"({"status":"resolved","labels":{"alertname":"Down"},"annotations":{},)"
      R"("startsAt":"2026-11-22T10:23:51Z","endsAt":"2026-11-22T10:24:51.5Z","generatorURL":"","fingerprint":"e10fef192b4033fa"}],)"
      R"("groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down"},"commonAnnotations":{},)"
      R"("externalURL":"http://a:9093","version":"4","groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0})");
}

TEST_F(WebhookBody, CountsTheAlertsThatItLeavesOut) {
  const std::string text = body(notification_, 1);
  EXPECT_EQ(text.find("e10fef192b4033fa"), std::string::npos);
  EXPECT_NE(text.find("\"truncatedAlerts\":1}"), std::string::npos);
}

}  // namespace
}  // namespace tarsier::webhook
