// The plugin "node": this machine's metrics under node_exporter's names, each interval on the bus and on request as text.
#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>

#include "plugins/collect/node/round.hpp"
#include "plugins/lib/publisher/samples_publisher.hpp"
#include "tarsier/http.hpp"
#include "tarsier/machine.hpp"
#include "tarsier/plugin.hpp"
#include "tarsier/service/samples_sink.h"

namespace tarsier::node {
namespace {

constexpr uint64_t kWaitingBytes = uint64_t{4} << 20;
constexpr const char* kVersion = "0.1.0";

struct Options {
  int64_t interval_ns = 0;
  std::string job, instance;
  std::vector<std::string> collectors;
  Settings settings;
};

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? std::string(name.data()) : std::string("localhost");
}

Options read_options(const Config& config) {
  Options options;
  options.interval_ns = config["interval"].duration_ns();
  options.job = config["job"].string();
  options.instance = config["instance"].string();
  if (options.instance.empty()) options.instance = host_name();
  for (uint64_t i = 0; i < config["collectors"].size(); ++i) options.collectors.push_back(config["collectors"].at(i).string());
  Settings& settings = options.settings;
  settings.procfs = config["procfs"].path();
  settings.sysfs = config["sysfs"].path();
  settings.rootfs = config["rootfs"].path();
  settings.udev = config["udev_data"].path();
  settings.mount_points_exclude = config["filesystem"]["mount_points_exclude"].string();
  settings.fs_types_exclude = config["filesystem"]["fs_types_exclude"].string();
  settings.disk_device_exclude = config["disk"]["device_exclude"].string();
  settings.network_device_exclude = config["network"]["device_exclude"].string();
  return options;
}

class NodePlugin final : public Plugin {
 public:
  explicit NodePlugin(const tarsier_host* raw) : Plugin(raw), routes_(host()) {}

  static Result<void> suggest(const Suggestions& to) {
    if (machine::read_file("/proc/stat").empty()) return {};
    constexpr uint16_t kExporter = 9100;
    const auto listeners = machine::listeners();
    const bool exporter =
        std::any_of(listeners.begin(), listeners.end(), [](const machine::Listener& each) { return each.port == kExporter; });
    to.add({.title = "this machine, " + host_name(),
            .why = "/proc and /sys tell of its processors, memory, disks and network",
            .toml = "[plugin.node]\ninterval = \"15s\"\n",
            .note = exporter
                        ? "something listens at port 9100: where that is a node exporter which is scraped, one of the two is enough"
                        : ""});
    return {};
  }

  Result<void> configure(const Config& config) override {
    options_ = read_options(config);
    auto opened = Collectors::open(options_.settings, options_.collectors);
    if (!opened) return std::move(opened).error().in(config.location());
    collectors_ = std::move(*opened);
    return {};
  }

  Result<void> start() override {
    if (page_ != nullptr) {  // started again: collectors know the families of the page that they first ran with
      auto opened = Collectors::open(options_.settings, options_.collectors);
      if (!opened) return std::move(opened).error();
      collectors_ = std::move(*opened);
    }
    publisher_ = std::make_unique<publisher::SamplesPublisher>(host(), kWaitingBytes);
    reset_page();
    if (auto added = add_routes(); !added) return added;
    return start_timer();
  }

  /// All or nothing: the new collectors are open before anything of the old ones is touched.
  Result<void> reconfigure(const Config& config) override {
    Options options = read_options(config);
    auto opened = Collectors::open(options.settings, options.collectors);
    if (!opened) return std::move(opened).error().in(config.location());
    timer_.reset();
    {
      const std::lock_guard guard(lock_);
      if (options.job != options_.job || options.instance != options_.instance) publish_stale();
      options_ = std::move(options);
      collectors_ = std::move(*opened);
      reset_page();
    }
    return start_timer();
  }

  Result<void> stop(int64_t) override {
    timer_.reset();
    routes_.clear();
    const std::lock_guard guard(lock_);
    if (publisher_ != nullptr) publisher_->leave();
    // When the whole host stops it will be back soon, and markers would only tear a hole into every graph.
    if (host().control->ready(host().raw()) != 0) publish_stale();
    publisher_.reset();
    if (!collectors_.idle()) host().warn("statfs hangs in the kernel; its thread and this plugin's file stay until it returns");
    return {};
  }

 private:
  Result<void> start_timer() {
    Every every_interval{"node", options_.interval_ns};
    auto timer = every(host(), every_interval, [this] { tick(); });
    if (!timer) return std::move(timer).error();
    timer_ = std::move(*timer);
    return {};
  }

  void reset_page() {
    builder_.clear(true);
    page_ = std::make_unique<Page>(
        std::vector<std::pair<std::string, std::string>>{{"instance", options_.instance}, {"job", options_.job}});
  }

  void gather() {
    collectors_.run(
        *page_, host().now_ns(), [this] { return host().mono_ns(); },
        [this](std::string_view name, const Error& error) {
          host().warn("collector failed", {field("collector", name), field("error", error.message())});
        });
    const auto build = page_->family({"node_exporter_build_info",
                                      "A metric with a constant '1' value labeled by version, revision, branch, goversion from "
                                      "which node_exporter was built, and the "
                                      "goos and goarch for the build.",
                                      TARSIER_SERIES_GAUGE,
                                      {"branch", "goarch", "goos", "goversion", "revision", "version"}});
    page_->add(build, {"", "", "linux", "", "tarsier", kVersion}, 1);
  }

  void tick() {
    const std::lock_guard guard(lock_);
    // Whole milliseconds, as everything that speaks Prometheus' protocols keeps them.
    const int64_t now = host().now_ns() / 1'000'000 * 1'000'000;
    const int64_t begun = host().mono_ns();
    gather();
    const double seconds = static_cast<double>(host().mono_ns() - begun) / 1e9;
    builder_.clear(false);
    page_->write_batch(builder_, now);
    const auto count = static_cast<double>(page_->sample_count());
    add_own("up", now, 1);
    add_own("scrape_duration_seconds", now, seconds);
    add_own("scrape_samples_scraped", now, count);
    add_own("scrape_samples_post_metric_relabeling", now, count);
    add_own("scrape_series_added", now, static_cast<double>(page_->series_added()));
    publish();
  }

  void add_own(std::string_view name, int64_t now, double value) {
    const std::array<batch::Label, 3> labels = {{{"__name__", name}, {"instance", options_.instance}, {"job", options_.job}}};
    builder_.series(labels);
    builder_.sample(now, value);
  }

  void publish() {
    auto made = make_batch(host(), builder_);
    if (!made) {
      host().warn("no memory for a batch of samples", {field("error", made.error().message())});
      return;
    }
    publisher_->publish(std::move(*made));
  }

  void publish_stale() {
    const int64_t now = host().now_ns() / 1'000'000 * 1'000'000;
    builder_.clear(false);
    page_->write_stale(builder_, now);
    if (builder_.empty()) return;  // nothing was ever published
    for (const std::string_view name : {"up", "scrape_duration_seconds", "scrape_samples_scraped",
                                        "scrape_samples_post_metric_relabeling", "scrape_series_added"})
      add_own(name, now, std::bit_cast<double>(TARSIER_STALE_NAN_BITS));
    publish();
  }

  Result<void> add_routes() {
    const http::Handler metrics = [this](const http::Request&, const http::Exchange& exchange) {
      std::string text;
      {
        const std::lock_guard guard(lock_);
        gather();
        page_->write_text(text);
      }
      exchange.respond(200, "text/plain; version=0.0.4; charset=utf-8", text);
    };
    const http::Handler index = [](const http::Request& request, const http::Exchange& exchange) {
      std::string page = "<html>\n<head><title>Node metrics</title></head>\n<body>\n<h1>Node metrics</h1>\n<p><a href=\"";
      page.append(request.prefix()).append("/metrics\">Metrics</a></p>\n</body>\n</html>\n");
      exchange.respond(200, "text/html; charset=utf-8", page);
    };
    auto added = routes_.add({.api = "node", .pattern = "/metrics", .permission = "metrics:read"}, metrics);
    if (!added) return added;
    return routes_.add({.api = "node", .pattern = "/", .permission = "metrics:read"}, index);
  }

  Options options_;
  std::unique_ptr<publisher::SamplesPublisher> publisher_;
  http::Routes routes_;
  Timer timer_;
  std::mutex lock_;  // guards the rest: the interval and requests for the page gather one at a time
  Collectors collectors_;
  std::unique_ptr<Page> page_;
  batch::SamplesBuilder builder_;
};

constexpr tarsier_config_key kKeys[] = {
    key("interval", TARSIER_KEY_DURATION, "15s", "how often metrics are collected", "100ms..1h", TARSIER_KEY_RELOADABLE),
    key("job", TARSIER_KEY_STRING, "node", "label job of all series", nullptr, TARSIER_KEY_RELOADABLE),
    key("instance", TARSIER_KEY_STRING, nullptr, "label instance of all series; the host name when absent", nullptr,
        TARSIER_KEY_RELOADABLE),
    key("collectors[]", TARSIER_KEY_STRING, nullptr, "which collectors run; all when absent", nullptr, TARSIER_KEY_RELOADABLE),
    key("procfs", TARSIER_KEY_STRING, "/proc", "where procfs is mounted", nullptr, TARSIER_KEY_RELOADABLE),
    key("sysfs", TARSIER_KEY_STRING, "/sys", "where sysfs is mounted", nullptr, TARSIER_KEY_RELOADABLE),
    key("rootfs", TARSIER_KEY_STRING, "/", "where the machine's root is mounted, when that is not here", nullptr,
        TARSIER_KEY_RELOADABLE),
    key("udev_data", TARSIER_KEY_STRING, "/run/udev/data", "where udev keeps what it knows of devices", nullptr,
        TARSIER_KEY_RELOADABLE),
    key("filesystem", TARSIER_KEY_TABLE, nullptr, "which filesystems are left out", nullptr, TARSIER_KEY_RELOADABLE),
    key("filesystem.mount_points_exclude", TARSIER_KEY_STRING,
        "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
        "regular expression of mount points to leave out", nullptr, TARSIER_KEY_RELOADABLE),
    key("filesystem.fs_types_exclude", TARSIER_KEY_STRING,
        "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|"
        "procfs|pstore|"
        "rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$",
        "regular expression of filesystem types to leave out", nullptr, TARSIER_KEY_RELOADABLE),
    key("disk", TARSIER_KEY_TABLE, nullptr, "which disks are left out", nullptr, TARSIER_KEY_RELOADABLE),
    key("disk.device_exclude", TARSIER_KEY_STRING, "^(ram|loop|fd|(h|s|v|xv)d[a-z]|nvme[0-9]+n[0-9]+p)[0-9]+$",
        "regular expression of block devices to leave out", nullptr, TARSIER_KEY_RELOADABLE),
    key("network", TARSIER_KEY_TABLE, nullptr, "which network interfaces are left out", nullptr, TARSIER_KEY_RELOADABLE),
    key("network.device_exclude", TARSIER_KEY_STRING, "", "regular expression of network interfaces to leave out", nullptr,
        TARSIER_KEY_RELOADABLE),
};
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE), optional_need("tarsier.samples.store/1"),
                                   optional_need(TARSIER_SAMPLES_SINK_SERVICE)};
constexpr const char* kKinds[] = {"collector", nullptr};
TARSIER_TABLE(kKeyTable, kKeys);
TARSIER_TABLE(kNeedTable, kNeeds);

constexpr tarsier_plugin kNode = describe<NodePlugin>({
    .id = "node",
    .version = "0.1.0",
    .summary = "Metrics of this machine from /proc and /sys, named as node_exporter names them.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .sample_toml = "[plugin.node]\ninterval = \"15s\"\n",
});

}  // namespace
}  // namespace tarsier::node

TARSIER_PLUGIN(tarsier::node::kNode, "node", "collector", "0.1.0")
