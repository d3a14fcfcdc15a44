// uname, os, time, selinux: what this system is.
#include <array>
#include <ctime>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "plugins/collect/node/collector.hpp"
#include "plugins/collect/node/fields.hpp"

namespace tarsier::node {
namespace {

class Uname final : public Collector {
 public:
  Result<void> collect(Round& round) override {
    utsname name{};
    if (::uname(&name) != 0) return Error::internal("uname failed");
    const auto family = round.page.family({"node_uname_info",
                                           "Labeled system information as provided by the uname system call.",
                                           TARSIER_SERIES_GAUGE,
                                           {"domainname", "machine", "nodename", "release", "sysname", "version"}});
    round.page.add(family, {domain(name), name.machine, name.nodename, name.release, name.sysname, name.version}, 1);
    return {};
  }

 private:
  static std::string_view domain(const utsname& name) {
#ifdef _GNU_SOURCE
    return name.domainname;
#else
    return name.__domainname;
#endif
  }
};

/// The keys of os-release that become labels, sorted as the labels are.
constexpr std::array<std::string_view, 12> kReleaseKeys = {"BUILD_ID",      "ID",      "ID_LIKE",          "IMAGE_ID",
                                                           "IMAGE_VERSION", "NAME",    "PRETTY_NAME",      "VARIANT",
                                                           "VARIANT_ID",    "VERSION", "VERSION_CODENAME", "VERSION_ID"};

class OsRelease final : public Collector {
 public:
  explicit OsRelease(const Settings& settings) {
    const std::string root = settings.rootfs == "/" ? "" : settings.rootfs;
    paths_ = {root + "/etc/os-release", root + "/usr/lib/os-release"};
  }

  Result<void> collect(Round& round) override {
    if (auto read = read_when_changed(round.buffer); !read) return read;
    const auto& v = values_;
    const auto info =
        round.page.family({"node_os_info",
                           "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, name, "
                           "pretty_name, variant, variant_id, version, version_codename, version_id.",
                           TARSIER_SERIES_GAUGE,
                           {"build_id", "id", "id_like", "image_id", "image_version", "name", "pretty_name", "variant",
                            "variant_id", "version", "version_codename", "version_id"}});
    round.page.add(info, {v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11]}, 1);
    if (const auto number = major_minor(v[11])) {
      const auto version = round.page.family({"node_os_version",
                                              "Metric containing the major.minor part of the OS version.",
                                              TARSIER_SERIES_GAUGE,
                                              {"id", "id_like", "name"}});
      round.page.add(version, {v[1], v[2], v[5]}, *number);
    }
    return {};
  }

 private:
  static std::optional<double> major_minor(std::string_view version) {
    const size_t dot = version.find('.');
    const size_t second = dot == std::string_view::npos ? dot : version.find('.', dot + 1);
    return to_number(version.substr(0, second));
  }

  Result<void> read_when_changed(ReadBuffer& buffer) {
    for (const std::string& path : paths_) {
      struct stat status{};
      if (::stat(path.c_str(), &status) != 0) continue;
      if (status.st_mtim.tv_sec == changed_s_) return {};
      auto text = read_once(path, buffer);
      if (!text) return std::move(text).error();
      changed_s_ = status.st_mtim.tv_sec;
      values_ = {};
      while (!text->empty()) parse(take_line(*text));
      return {};
    }
    return Error::not_found("no " + paths_.front());
  }

  void parse(std::string_view line) {
    const size_t equal = line.find('=');
    if (equal == std::string_view::npos) return;
    std::string_view value = trim(line.substr(equal + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    for (size_t i = 0; i < kReleaseKeys.size(); ++i)
      if (kReleaseKeys[i] == line.substr(0, equal)) values_[i] = value;
  }

  std::vector<std::string> paths_;
  std::array<std::string, kReleaseKeys.size()> values_;
  time_t changed_s_ = -1;
};

class Time final : public Collector {
 public:
  explicit Time(const Settings& settings)
      : available_(settings.sysfs + "/devices/system/clocksource/clocksource0/available_clocksource"),
        current_(settings.sysfs + "/devices/system/clocksource/clocksource0/current_clocksource") {}

  Result<void> collect(Round& round) override {
    Page& page = round.page;
    page.add(page.family({"node_time_seconds", "System time in seconds since epoch (1970).", TARSIER_SERIES_GAUGE}),
             static_cast<double>(round.now_ns) / 1e9);
    const time_t now = static_cast<time_t>(round.now_ns / 1'000'000'000);
    tm local{};
    if (::localtime_r(&now, &local) != nullptr) {
      page.add(page.family(
                   {"node_time_zone_offset_seconds", "System time zone offset in seconds.", TARSIER_SERIES_GAUGE, {"time_zone"}}),
               {local.tm_zone}, static_cast<double>(local.tm_gmtoff));
    }
    if (auto text = available_.read(round.buffer)) {
      const auto family = page.family({"node_time_clocksource_available_info",
                                       "Available clocksources read from '/sys/devices/system/clocksource'.",
                                       TARSIER_SERIES_GAUGE,
                                       {"clocksource", "device"}});
      for (std::string_view word = take_word(*text); !word.empty(); word = take_word(*text)) page.add(family, {word, "0"}, 1);
    }
    if (auto text = current_.read(round.buffer)) {
      const auto family = page.family({"node_time_clocksource_current_info",
                                       "Current clocksource read from '/sys/devices/system/clocksource'.",
                                       TARSIER_SERIES_GAUGE,
                                       {"clocksource", "device"}});
      page.add(family, {trim(*text), "0"}, 1);
    }
    return {};
  }

 private:
  KeptFile available_, current_;
};

class SeLinux final : public Collector {
 public:
  explicit SeLinux(const Settings& settings) : enforce_(settings.sysfs + "/fs/selinux/enforce") {}

  Result<void> collect(Round& round) override {
    Page& page = round.page;
    const auto text = enforce_.read(round.buffer);
    page.add(page.family({"node_selinux_enabled", "SELinux is enabled, 1 is true, 0 is false", TARSIER_SERIES_GAUGE}),
             text ? 1 : 0);
    if (!text) return {};
    if (const auto mode = to_number(trim(*text)))
      page.add(page.family({"node_selinux_current_mode", "Current SELinux enforcement mode", TARSIER_SERIES_GAUGE}), *mode);
    return {};
  }

 private:
  KeptFile enforce_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_uname(const Settings&) { return std::unique_ptr<Collector>(new Uname); }
Result<std::unique_ptr<Collector>> make_os(const Settings& settings) { return std::unique_ptr<Collector>(new OsRelease(settings)); }
Result<std::unique_ptr<Collector>> make_time(const Settings& settings) { return std::unique_ptr<Collector>(new Time(settings)); }
Result<std::unique_ptr<Collector>> make_selinux(const Settings& settings) {
  return std::unique_ptr<Collector>(new SeLinux(settings));
}

}  // namespace tarsier::node
