/* tarsier/service/notifier.h - service "tarsier.notifier/1": one way to tell people of a group of alerts. Each notifier instance offers its
 * own; the alerts plugin reaches it as "tarsier.notifier/1@<instance>". */
#ifndef TARSIER_SERVICE_NOTIFIER_H
#define TARSIER_SERVICE_NOTIFIER_H
#include "../abi/module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_NOTIFIER_SERVICE "tarsier.notifier/1"

typedef struct tarsier_alert {
  uint32_t size;
  uint32_t resolved; /* 1: resolved */
  const tarsier_pair *labels; /* sorted by name */
  const tarsier_pair *annotations;
  uint32_t label_count;
  uint32_t annotation_count;
  int64_t starts_at_ns;
  int64_t ends_at_ns; /* 0: open */
  tarsier_str generator_url;
  tarsier_str fingerprint; /* 16 hex digits, as Alertmanager's */
} tarsier_alert;

/* Valid during notify. */
typedef struct tarsier_notification {
  uint32_t size;
  uint32_t resolved; /* 1: all alerts are resolved */
  tarsier_str receiver;
  tarsier_str group_key;
  tarsier_str external_url;
  const tarsier_pair *group_labels;
  const tarsier_pair *common_labels;
  const tarsier_pair *common_annotations;
  uint32_t group_label_count, common_label_count, common_annotation_count, alert_count;
  const tarsier_alert *alerts;
  int64_t now_ns;
  int64_t timeout_ns;
} tarsier_notification;

typedef struct tarsier_notifier {
  uint32_t size;
  uint32_t send_resolved; /* 1: wants notifications of resolved alerts */
  void *self;
  /* [work, PARALLEL] Sends it and calls done(user, ...) exactly once, on any thread, perhaps before it returns. UNAVAILABLE, AGAIN and
   * DEADLINE are tried again by the caller; other failures are final for this notification. */
  void (*notify)(void *self, const tarsier_notification *notification, void *user,
                 void (*done)(void *user, tarsier_status status, tarsier_str message, int64_t retry_after_ns));
} tarsier_notifier;
#ifdef __cplusplus
}
#endif
#endif
