#include "plugins/discover/kubernetes/api/answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarsier::discover_kubernetes {
namespace {

using testing::HasSubstr;

TEST(KubernetesAnswers, APageHasObjectsItsVersionAndWhereItGoesOn) {
  const auto page = parse_page(Kind::pod, R"({"kind": "PodList", "apiVersion": "v1",
    "metadata": {"resourceVersion": "1042", "continue": "abc=", "remainingItemCount": 7},
    "items": [{"metadata": {"name": "a", "namespace": "x", "resourceVersion": "9", "uid": "u", "managedFields": [{"manager": "k"}],
                            "labels": {"app": "web"}, "annotations": null,
                            "ownerReferences": [{"kind": "Foo", "name": "no", "controller": false},
                                                {"kind": "ReplicaSet", "name": "web-1", "controller": true}]},
               "status": {"podIP": "10.0.0.1"}},
              {"metadata": {"name": "b", "namespace": "x"}}]})");
  ASSERT_TRUE(page.ok()) << page.error().message();
  EXPECT_EQ(page->version, "1042");
  EXPECT_EQ(page->next, "abc=");
  ASSERT_EQ(page->objects.size(), 2U);
  const Meta& meta = page->objects[0]->meta;
  EXPECT_EQ(meta.key(), "x/a");
  EXPECT_EQ(meta.version, "9");
  EXPECT_EQ(meta.controller_kind + " " + meta.controller_name, "ReplicaSet web-1");
  EXPECT_EQ(meta.label("app"), "web");
  EXPECT_EQ(meta.label("other"), "");
  EXPECT_EQ(std::get<Pod>(page->objects[0]->body).ip, "10.0.0.1");
}

TEST(KubernetesAnswers, APageOfNothingIsAPage) {
  EXPECT_EQ(parse_page(Kind::node, R"({"metadata": {"resourceVersion": "1"}, "items": null})")->objects.size(), 0U);
  EXPECT_EQ(parse_page(Kind::node, R"({"metadata": {"resourceVersion": "1"}, "items": []})")->objects.size(), 0U);
}

TEST(KubernetesAnswers, WhatIsOfAnotherFormIsRefused) {
  for (const char* body :
       {"", "[]", "<html>", R"({"items": []})", R"({"metadata": {}, "items": []})",
        R"({"metadata": {"resourceVersion": 7}, "items": []})", R"({"metadata": {"resourceVersion": "7"}, "items": [7]})",
        R"({"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {}}]})",
        R"({"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a", "labels": {"a": 7}}}]})",
        R"({"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}, "status": {"podIP": []}}]})"}) {
    const auto page = parse_page(Kind::pod, body);
    ASSERT_FALSE(page.ok()) << body;
    EXPECT_EQ(page.error().code(), TARSIER_INVALID);
    EXPECT_THAT(page.error().message(), HasSubstr("not of the expected form"));
  }
  std::string deep(100, '[');
  EXPECT_FALSE(parse_page(Kind::pod, deep + std::string(100, ']')).ok());
}

TEST(KubernetesAnswers, EventsAreOfFiveTypes) {
  const std::string object = R"({"kind": "Pod", "metadata": {"name": "a", "namespace": "x", "resourceVersion": "12"}})";
  for (const char* type : {"ADDED", "MODIFIED", "DELETED"}) {
    const auto event = parse_event(Kind::pod, R"({"type": ")" + std::string(type) + R"(", "object": )" + object + "}");
    ASSERT_TRUE(event.ok()) << event.error().message();
    EXPECT_EQ(event->type, std::string(type) == "DELETED" ? Event::Type::deleted : Event::Type::changed);
    EXPECT_EQ(event->version, "12");
    EXPECT_EQ(event->object->meta.key(), "x/a");
  }
  const auto bookmark = parse_event(
      Kind::pod, R"({"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "99",
                    "creationTimestamp": null}, "spec": {"containers": null}, "status": {}}})");
  ASSERT_TRUE(bookmark.ok()) << bookmark.error().message();
  EXPECT_EQ(bookmark->type, Event::Type::bookmark);
  EXPECT_EQ(bookmark->version, "99");
  const auto error = parse_event(Kind::pod, R"({"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "code": 410,
    "reason": "Expired", "message": "too old resource version: 1", "metadata": {}}})");
  ASSERT_TRUE(error.ok()) << error.error().message();
  EXPECT_EQ(error->type, Event::Type::error);
  EXPECT_TRUE(error->refusal.is_gone());
  EXPECT_EQ(error->refusal.text(), "HTTP status 410: too old resource version: 1");
  for (const char* line :
       {R"({"type": "ADDED"})", R"({"type": "NEW", "object": {"metadata": {"name": "a", "resourceVersion": "1"}}})",
        R"({"type": "ADDED", "object": {"metadata": {"name": "a"}}})", "{}", "7"})
    EXPECT_FALSE(parse_event(Kind::pod, line).ok()) << line;
}

TEST(KubernetesAnswers, ARefusalSaysWhatTheServerSays) {
  const Refusal forbidden =
      parse_refusal(403, R"({"kind": "Status", "reason": "Forbidden", "message": "pods is forbidden", "code": 403})");
  EXPECT_EQ(forbidden.text(), "HTTP status 403: pods is forbidden");
  EXPECT_FALSE(forbidden.is_gone());
  EXPECT_EQ(parse_refusal(502, "<html>").text(), "HTTP status 502: Bad Gateway");
  EXPECT_TRUE(parse_refusal(410, "").is_gone());
  EXPECT_LT(parse_refusal(400, R"({"message": ")" + std::string(10000, 'x') + R"("})").text().size(), 600U);
}

}  // namespace
}  // namespace tarsier::discover_kubernetes
