// @NAME@ - counts the entries of a directory, as a first collector to change into your own.
#include <tarsier/bus.hpp>
#include <tarsier/plugin.hpp>
#include <tarsier/scheduler.hpp>

#include <filesystem>
#include <string>

namespace {

class Collector final : public tarsier::Plugin {
 public:
  using Plugin::Plugin;

  tarsier::Result<void> configure(const tarsier::Config& config) override {
    interval_ns_ = config["interval"].duration_ns();
    directory_ = config["directory"].path();
    return {};
  }

  tarsier::Result<void> start() override {
    auto timer = tarsier::every(host(), {.name = "collect", .interval_ns = interval_ns_}, [this] { collect(); });
    if (!timer) return std::move(timer).error();
    timer_ = std::move(*timer);
    return {};
  }

  tarsier::Result<void> stop(int64_t) override {
    timer_.reset();
    return {};
  }

 private:
  // Runs on a worker thread, never twice at the same time.
  void collect() {
    std::error_code failure;
    const auto entries = std::distance(std::filesystem::directory_iterator(directory_, failure), {});
    if (failure) {
      host().degraded("read " + directory_ + ": " + failure.message());
      return;
    }
    host().ok();
    tarsier::batch::SamplesBuilder samples;
    const tarsier::batch::Label labels[] = {{"__name__", "directory_entries"}, {"directory", directory_}};
    samples.series(labels);
    samples.metadata(TARSIER_SERIES_GAUGE, "Entries of the directory.", "");
    samples.sample(host().now_ns(), static_cast<double>(entries));
    publish(samples);
  }

  void publish(tarsier::batch::SamplesBuilder& samples) {
    const auto batch = tarsier::make_batch(host(), samples);
    const auto published = batch ? tarsier::publish(host(), TARSIER_TOPIC_SAMPLES, *batch) : tarsier::Result<void>(batch.error());
    if (!published) host().warn("samples were not taken", {tarsier::field("error", published.error().message())});
  }

  int64_t interval_ns_ = 0;
  std::string directory_;
  tarsier::Timer timer_;
};

constexpr tarsier_config_key kKeys[] = {
    tarsier::key("interval", TARSIER_KEY_DURATION, "15s", "How often the directory is read.", "1s.."),
    tarsier::key("directory", TARSIER_KEY_STRING, "/tmp", "The directory whose entries are counted."),
};
TARSIER_TABLE(kKeyTable, kKeys);
constexpr const char* kKinds[] = {"collector", nullptr};

constexpr tarsier_plugin kPlugin = tarsier::describe<Collector>({
    .id = "@NAME@",
    .version = "0.1.0",
    .summary = "Counts the entries of a directory.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .sample_toml = "[plugin.@NAME@]\ninterval = \"15s\"\ndirectory = \"/tmp\"\n",
});

}  // namespace

TARSIER_PLUGIN(kPlugin, "@NAME@", "collector", "0.1.0")
