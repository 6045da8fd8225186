#include "doctor_local.hpp"

#include <sys/stat.h>

#include <array>
#include <cstdio>

#include "config_file.hpp"
#include "config_text.hpp"
#include "fields.hpp"
#include "protocol/environment.hpp"

namespace krakken::ctl {

namespace fs = std::filesystem;

namespace {

std::string octal(mode_t mode) {
    std::array<char, 8> text{};
    (void)std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode));
    return text.data();
}

struct Rule {
    mode_t type;
    std::array<mode_t, 2> modes;
    std::string_view kind;
    std::string_view remedy;
};

constexpr std::string_view restart = "restart krakkend, which makes it anew";

// Nothing: it is as it should be, or not there, or not to be seen by this user.
std::optional<Finding> complaint(
    const std::string& check, const fs::path& path, const Rule& rule, uid_t owner
) {
    struct stat about{};
    if (lstat(path.c_str(), &about) != 0) return std::nullopt;
    if ((about.st_mode & S_IFMT) != rule.type)
        return Finding{
            check,
            Verdict::fail,
            path.string() + " is no " + std::string(rule.kind),
            "find out who put it there, remove it, and restart krakkend"
        };
    if (about.st_uid != owner)
        return Finding{
            check,
            Verdict::fail,
            path.string() + " belongs to user " + std::to_string(about.st_uid) + ", not to krakkend's, " +
                std::to_string(owner),
            "find out who made it, remove it, and restart krakkend"
        };
    const mode_t mode = about.st_mode & 07777U;
    if (mode == rule.modes.front() || mode == rule.modes.back()) return std::nullopt;
    const std::string wanted = octal(rule.modes.front());
    return Finding{
        check,
        Verdict::fail,
        path.string() + " has mode " + octal(mode) + ", not " + wanted,
        rule.remedy.empty() ? "run: chmod " + wanted + " " + path.string() : std::string(rule.remedy)
    };
}

// What the daemon has read and the file now says otherwise.
std::string differences(const std::string& text, std::string_view raw_profile) {
    const Fields profile(raw_profile);
    std::vector<Setting> served;
    if (const auto region = profile.text("region"); !region.empty()) served.push_back({"", "region", region});
    for (const auto& member : Fields(profile.raw("capabilities")).members())
        served.push_back({"capabilities", member.name, member.value == "true"});
    std::string names;
    if (const auto compared = amend(text, served))
        for (const auto& kept : compared->kept)
            names += (names.empty() ? "" : ", ") + kept.wanted.name;
    return names;
}

}  // namespace

Findings check_environment() {
    Findings findings;
    for (const auto& variable : protocol::misspelt_variables(protocol::environment_names()))
        findings.push_back(
            {"environment",
             Verdict::warn,
             variable.name + " is not known and without effect",
             "did you mean " + variable.nearest + "?"}
        );
    return findings;
}

Findings check_sockets(const fs::path& folder, uid_t daemon) {
    const std::string check = "sockets";
    Findings findings;
    const auto look = [&](const fs::path& path, const Rule& rule) {
        if (auto found = complaint(check, path, rule, daemon)) findings.push_back(std::move(*found));
    };
    look(folder, {S_IFDIR, {0700, 0750}, "folder", ""});
    look(folder / "krakkend.sock", {S_IFSOCK, {0600, 0660}, "socket", restart});
    look(folder / "admin.sock", {S_IFSOCK, {0600, 0600}, "socket", restart});
    if (findings.empty())
        findings.push_back({check, Verdict::ok, folder.string() + ": owners and modes are as they should be"}
        );
    return findings;
}

Finding check_config(const fs::path& path, uid_t daemon, std::string_view profile) {
    const std::string check = "configuration";
    const auto text = read_config(path);
    if (!text)
        return {check, Verdict::warn, "skipped: " + text.error(), "run doctor as krakkend's user or root"};
    if (!*text) return {check, Verdict::ok, path.string() + " is not there; the defaults hold"};
    struct stat about{};
    if (stat(path.c_str(), &about) == 0) {
        if (about.st_uid != daemon && about.st_uid != 0)
            return {
                check,
                Verdict::fail,
                path.string() + " belongs to user " + std::to_string(about.st_uid) +
                    ", neither krakkend's nor root",
                "run: chown " + std::to_string(daemon) + " " + path.string()
            };
        if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
            return {
                check,
                Verdict::fail,
                path.string() + " can be written by others",
                "run: chmod go-w " + path.string()
            };
    }
    if (const auto read = amend(*text, {}); !read)
        return {check, Verdict::fail, path.string() + ": " + read.error(), "run: krakkend --check-config"};
    if (const auto names = differences(**text, profile); !names.empty())
        return {
            check,
            Verdict::warn,
            path.string() + " has changed since krakkend read it: " + names,
            "restart krakkend, or send it SIGHUP"
        };
    return {check, Verdict::ok, path.string()};
}

std::optional<Finding> check_vault_file(const fs::path& path, uid_t daemon) {
    const std::string check = "vault file";
    struct stat about{};
    if (lstat(path.c_str(), &about) != 0) return std::nullopt;
    if (auto found = complaint(check, path.parent_path(), {S_IFDIR, {0700, 0700}, "folder", ""}, daemon))
        return found;
    if (auto found = complaint(check, path, {S_IFREG, {0600, 0600}, "regular file", ""}, daemon))
        return found;
    return Finding{check, Verdict::ok, path.string() + ": only its owner may use it"};
}

}  // namespace krakken::ctl
