"""The Flask application of a reader of the tutorial: registration, a second factor by QR code, sign-in, home page.

Written for comparison in the bench.  It has the security holes of the tutorial: do not use it for real accounts.
The environment or .env has the settings SECRET_KEY, DATABASE_URL and BCRYPT_LOG_ROUNDS.  `python3 app.py` creates the
database.
"""

import base64
import datetime
import functools
import io

import pyotp
import qrcode
from decouple import config
from flask import Flask, flash, redirect, render_template, request, url_for
from flask_bcrypt import Bcrypt
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length

app = Flask(__name__)
app.config.update(SECRET_KEY=config("SECRET_KEY"), SQLALCHEMY_DATABASE_URI=config("DATABASE_URL"), SQLALCHEMY_TRACK_MODIFICATIONS=False,
                  BCRYPT_LOG_ROUNDS=config("BCRYPT_LOG_ROUNDS", default=13, cast=int), APP_NAME="Flask, two factors")
bcrypt = Bcrypt(app)
db = SQLAlchemy(app)
migrate = Migrate(app, db)
people = LoginManager(app)
people.login_view = "login"


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String, unique=True, nullable=False)
    password = db.Column(db.String, nullable=False)
    created_at = db.Column(db.DateTime, nullable=False)
    is_two_factor = db.Column(db.Boolean, nullable=False, default=False)
    secret = db.Column(db.String, unique=True)

    def uri(self):
        return pyotp.TOTP(self.secret).provisioning_uri(name=self.username, issuer_name=app.config["APP_NAME"])


@people.user_loader
def load_user(number):
    return db.session.get(User, int(number))


class RegisterForm(FlaskForm):
    username = StringField("Username", validators=[DataRequired(), Length(min=6, max=40)])
    password = PasswordField("Password", validators=[DataRequired(), Length(min=6, max=25)])
    confirm = PasswordField("Repeat password", validators=[DataRequired(), EqualTo("password", message="Passwords must match.")])


class LoginForm(FlaskForm):
    username = StringField("Username", validators=[DataRequired()])
    password = PasswordField("Password", validators=[DataRequired()])


class CodeForm(FlaskForm):
    otp = StringField("Code", validators=[InputRequired(), Length(min=6, max=6)])


def for_strangers(view):
    @functools.wraps(view)
    def wrapped(*args, **kwargs):
        if current_user.is_authenticated:
            flash("You are already signed in.", "info")
            return redirect(url_for("home"))
        return view(*args, **kwargs)

    return wrapped


@app.route("/register", methods=["GET", "POST"])
@for_strangers
def register():
    form = RegisterForm(request.form)
    if not form.validate_on_submit():
        return render_template("form.html", title="Register", form=form)
    user = User(username=form.username.data, password=bcrypt.generate_password_hash(form.password.data).decode(),
                created_at=datetime.datetime.now(), secret=pyotp.random_base32())
    db.session.add(user)
    db.session.commit()
    login_user(user)
    flash("You are registered. Now set up the second factor.", "success")
    return redirect(url_for("setup"))


@app.route("/login", methods=["GET", "POST"])
@for_strangers
def login():
    form = LoginForm(request.form)
    if not form.validate_on_submit():
        return render_template("form.html", title="Sign in", form=form)
    user = User.query.filter_by(username=form.username.data).first()
    if user is None or not bcrypt.check_password_hash(user.password, form.password.data):
        flash("Invalid user name or password.", "danger")
        return render_template("form.html", title="Sign in", form=form)
    login_user(user)
    return redirect(url_for("verify" if user.is_two_factor else "setup"))


@app.route("/logout")
@login_required
def logout():
    logout_user()
    return redirect(url_for("login"))


@app.route("/setup-2fa")
@login_required
def setup():
    picture = io.BytesIO()
    qrcode.make(current_user.uri()).save(picture, "PNG")
    return render_template("setup.html", secret=current_user.secret, qr=base64.b64encode(picture.getvalue()).decode())


@app.route("/verify-2fa", methods=["GET", "POST"])
@login_required
def verify():
    form = CodeForm(request.form)
    if form.validate_on_submit() and pyotp.TOTP(current_user.secret).verify(form.otp.data):
        current_user.is_two_factor = True
        db.session.commit()
        flash("You are signed in.", "success")
        return redirect(url_for("home"))
    if form.is_submitted():
        flash("Invalid code.", "danger")
    return render_template("form.html", title="Enter the code", form=form)


@app.route("/")
@login_required
def home():
    return render_template("home.html")


if __name__ == "__main__":
    with app.app_context():
        db.create_all()
