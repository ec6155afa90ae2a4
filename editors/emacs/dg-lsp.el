;;; dg-lsp.el --- Fill code in the middle with dg-lsp, through lsp-mode -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1") (lsp-mode "10.0.0"))
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:
;; Registers the server beside others.  lsp-mode itself shows and takes inline completions; here are the
;; commands for what is selected.  The README has the set-up.

;;; Code:
(require 'lsp-mode)
(require 'lsp-inline-completion)

(defgroup dg-lsp nil "Fill code in the middle." :group 'lsp-mode)

(defcustom dg-lsp-command '("dg-lsp" "--stdio")
  "The server and its arguments."
  :type '(repeat string) :risky t)

(defcustom dg-lsp-languages
  '("python" "javascript" "typescript" "rust" "go" "c" "cpp" "java" "shellscript" "html" "css" "json")
  "LSP language ids of the buffers that are served; read when this file is loaded."
  :type '(repeat string))

(defcustom dg-lsp-settings nil
  "What the server takes as initializationOptions, a plist such as (:deadlineMs 200)."
  :type 'plist :risky t)

(defcustom dg-lsp-ask t
  "Whether you are asked about each change of a rewrite before it is made."
  :type 'boolean)

(defcustom dg-lsp-remember-instructions t
  "Whether the last instructions are offered again; `savehist-mode', where it is on, keeps them for the next Emacs."
  :type 'boolean)

(defvar dg-lsp-instructions nil "The last instructions, newest first.")

(lsp-register-client
 (make-lsp-client
  :new-connection (lsp-stdio-connection (lambda () dg-lsp-command))
  :activation-fn (apply #'lsp-activate-on dg-lsp-languages)
  :initialization-options (lambda () (append dg-lsp-settings '(:trusted t)))
  :notification-handlers (lsp-ht ("dgLsp/draft" #'ignore))
  :add-on? t
  :server-id 'dg-lsp))

(defun dg-lsp--workspace ()
  "Return the workspace of our server."
  (or (lsp-find-workspace 'dg-lsp (buffer-file-name)) (user-error "dg-lsp does not run here")))

(defun dg-lsp--shown ()
  "Tell the server which of its suggestions is shown."
  (let ((item (elt lsp-inline-completion--items lsp-inline-completion--current)))
    (when (equal "dg-lsp.accepted" (-some-> (lsp-get item :command) (lsp-get :command)))
      (with-lsp-workspace (dg-lsp--workspace) (lsp-notify "textDocument/didShowCompletion" (list :item item))))))
(add-hook 'lsp-inline-completion-shown-hook #'dg-lsp--shown)

(defun dg-lsp--range ()
  "Return the region, or point, as the server's range."
  (if (use-region-p)
      (lsp--region-to-range (region-beginning) (region-end))
    (lsp--region-to-range (point) (point))))

(defun dg-lsp--wanted (edit)
  "Ask about one text EDIT at its place; return y, n, ! for all the others or q for none of them."
  (let* ((old (lsp--range-to-region (lsp-get edit :range)))
         (overlay (make-overlay (car old) (cdr old))))
    (unwind-protect
        (progn
          (goto-char (car old))
          (overlay-put overlay 'face 'lazy-highlight)
          (overlay-put overlay 'after-string (propertize (lsp-get edit :newText) 'face 'diff-added))
          (read-char-choice "Make this change? (y, n, ! all, q none more) " '(?y ?n ?! ?q)))
      (delete-overlay overlay))))

(defun dg-lsp--chosen (edits)
  "Return those of the text EDITS that the user wants."
  (let (chosen answer)
    (dolist (edit edits (nreverse chosen))
      (unless (memq answer '(?! ?q)) (setq answer (save-excursion (dg-lsp--wanted edit))))
      (when (memq answer '(?y ?!)) (push edit chosen)))))

(defun dg-lsp--apply (edit)
  "Make the workspace EDIT, or what the user wants of it, as one step of undo."
  (let* ((changes (lsp-get edit :documentChanges))
         (change (and changes (elt changes 0)))
         (chosen (and change dg-lsp-ask (dg-lsp--chosen (append (lsp-get change :edits) nil)))))
    (when chosen (lsp-put change :edits (vconcat chosen)))
    (when (or chosen (not change) (not dg-lsp-ask)) (lsp--apply-workspace-edit edit))))

(defun dg-lsp--run (command &rest more)
  "Have the server do COMMAND to the region or at point; MORE is added to its argument.  \\`C-g' stops waiting."
  (let* ((tick (buffer-chars-modified-tick))
         (argument (append (list :uri (lsp--buffer-uri) :range (dg-lsp--range)) more))
         (told (with-lsp-workspace (dg-lsp--workspace)
                 (lsp-request "workspace/executeCommand" (list :command command :arguments (vector argument))))))
    (unless (eq tick (buffer-chars-modified-tick)) (user-error "The buffer changed meanwhile: ask again"))
    (-if-let (edit (lsp-get told :edit))
        (dg-lsp--apply edit)
      (message "dg-lsp: %s" (lsp-get told :detail)))))

(defun dg-lsp--status ()
  "Return what the server says of itself."
  (with-lsp-workspace (dg-lsp--workspace) (lsp-request "dgLsp/status" nil)))

(defun dg-lsp--ask-how ()
  "Ask for an instruction, if the model reads any."
  (if (eq :json-false (lsp-get (dg-lsp--status) :takesInstructions))
      ""
    (if (not dg-lsp-remember-instructions)
        (read-string "Rewrite how (empty: refill): " nil t)
      (when (boundp 'savehist-additional-variables)
        (add-to-list 'savehist-additional-variables 'dg-lsp-instructions))
      (read-string "Rewrite how (empty: refill): " nil 'dg-lsp-instructions))))

(defun dg-lsp-rewrite (instruction)
  "Rewrite the region as INSTRUCTION says; empty: refill it."
  (interactive (list (dg-lsp--ask-how)))
  (apply #'dg-lsp--run "dg-lsp.rewrite" (unless (string-empty-p instruction) (list :instruction instruction))))

(defun dg-lsp-why-nothing ()
  "Say in one sentence why the last request got nothing."
  (interactive)
  (message "dg-lsp: %s" (or (lsp-get (dg-lsp--status) :lastWhy) "The last request got an answer.")))

(defun dg-lsp-refine (strength)
  "Refine the region; STRENGTH is low, medium or high."
  (interactive (list (completing-read "Strength: " '("low" "medium" "high") nil t nil nil "medium")))
  (dg-lsp--run "dg-lsp.refine" :strength strength))

(defun dg-lsp-fill-holes () "Fill all holes of the function at point." (interactive) (dg-lsp--run "dg-lsp.fillHoles"))
(defun dg-lsp-fill-body () "Write the body of the function at point." (interactive) (dg-lsp--run "dg-lsp.fillBody"))
(defun dg-lsp-docstring () "Complete the docstring at point." (interactive) (dg-lsp--run "dg-lsp.docstring"))
(defun dg-lsp-type-hints () "Complete the type hints at point." (interactive) (dg-lsp--run "dg-lsp.typeHints"))
(defun dg-lsp-fix () "Mend the statement at point or in the region." (interactive) (dg-lsp--run "dg-lsp.fix"))

(defun dg-lsp-fetch-model ()
  "Have the server fetch the default model, 491 MB, Apache-2.0."
  (interactive)
  (let ((told (with-lsp-workspace (dg-lsp--workspace)
                (lsp-request "workspace/executeCommand" '(:command "dg-lsp.fetch")))))
    (message "dg-lsp: %s" (lsp-get told :detail))))

(provide 'dg-lsp)
;;; dg-lsp.el ends here
