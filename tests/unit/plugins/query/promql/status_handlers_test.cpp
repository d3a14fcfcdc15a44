// What /status/* and /version tell of the store, the host and the build.
#include <gmock/gmock.h>

#include "tests/unit/plugins/query/promql/api_fixture.hpp"

namespace tarsier::promql {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class StatusHandlersTest : public test::ApiFixture {
 protected:
  StatusHandlersTest() { table_.size = sizeof(table_); }
  tarsier_samples_store table_{};
};

TEST_F(StatusHandlersTest, TellTheRetentionOfTheStore) {
  table_.retention = [](void*, tarsier_store_retention* out, tarsier_error*) -> tarsier_status {
    out->time_ns = int64_t{15} * 24 * 3600 * 1'000'000'000;
    out->bytes = uint64_t{10} << 30U;
    return TARSIER_OK;
  };
  serve(table_);
  const std::string flags = fake_.ask("/api/v1/status/flags").body;
  EXPECT_THAT(flags, HasSubstr(R"("storage.tsdb.retention.size":"10GiB","storage.tsdb.retention.time":"15d")"));
  EXPECT_THAT(fake_.ask("/api/v1/status/runtimeinfo").body, HasSubstr(R"("storageRetention":"15d or 10GiB")"));
}

TEST_F(StatusHandlersTest, LeaveOutWhatTheStoreDoesNotTell) {
  serve(table_);
  const auto flags = fake_.ask("/api/v1/status/flags");
  EXPECT_EQ(flags.code, 200U);
  EXPECT_THAT(flags.body, Not(HasSubstr("retention")));
  EXPECT_THAT(fake_.ask("/api/v1/status/runtimeinfo").body, HasSubstr(R"("storageRetention":"")"));
}

TEST_F(StatusHandlersTest, TellTheRestWithoutAStore) {
  serve(table_);
  fake_.offered[TARSIER_SAMPLES_STORE_SERVICE] = nullptr;
  EXPECT_EQ(fake_.ask("/api/v1/status/flags").code, 200U);
  EXPECT_THAT(fake_.ask("/api/v1/status/runtimeinfo").body, HasSubstr(R"("storageRetention":"")"));
}

TEST_F(StatusHandlersTest, PassOnWhyTheStoreDoesNotTell) {
  table_.retention = [](void*, tarsier_store_retention*, tarsier_error* error) {
    return Error::unavailable("no luck").to_c(error);
  };
  serve(table_);
  for (const char* const path : {"/api/v1/status/flags", "/api/v1/status/runtimeinfo"}) {
    const auto answer = fake_.ask(path);
    EXPECT_GE(answer.code, 500U) << path;
    EXPECT_THAT(answer.body, HasSubstr("no luck")) << path;
  }
}

TEST_F(StatusHandlersTest, DoNotPromiseAShutdownOverHttp) {
  serve(table_);
  EXPECT_THAT(fake_.ask("/api/v1/status/flags").body, HasSubstr(R"("web.enable-lifecycle":"false")"));
}

TEST_F(StatusHandlersTest, NameTheCommitThatWasBuilt) {
  serve(table_);
  EXPECT_THAT(fake_.ask("/version").body, HasSubstr(R"("revision":"","branch":"","buildUser":"tarsier","buildDate":"")"));
  fake_.build_json = R"({"revision":"7dfd6e6c2f58","built":"2026-11-29T06:39:10Z"})";
  const std::string version = fake_.ask("/version").body;
  EXPECT_THAT(version, HasSubstr(R"("revision":"7dfd6e6c2f58")"));
  EXPECT_THAT(version, HasSubstr(R"("buildDate":"20261129-06:39:10")"));
  EXPECT_EQ(fake_.ask("/api/v1/status/buildinfo").body,
            R"({"status":"success","data":)" + version.substr(0, version.size() - 1) + "}");
}

}  // namespace
}  // namespace tarsier::promql
